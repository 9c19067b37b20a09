"""The door for a provider's machine, one address per thing that can be asked or done."""

from django.urls import path, re_path

from apps.api.views import claims, contract, documents, dossiers, register, statements
from apps.api.views.door import Nothing

app_name = "api"
one = "dossiers/<uuid:dossier>/"
urlpatterns = [
    path("contract/", contract.Contracts.as_view(), name="contract"),
    path("register/<str:number>/", register.Register.as_view(), name="register"),
    path("documents/", documents.Documents.as_view(), name="documents"),
    path("dossiers/", dossiers.Dossiers.as_view(), name="dossiers"),
    path(one, dossiers.OneDossier.as_view(), name="dossier"),
    path(f"{one}start/", dossiers.Start.as_view(), name="dossier-start"),
    path(f"{one}complete/", dossiers.Complete.as_view(), name="dossier-complete"),
    path(f"{one}end-report/", dossiers.EndReport.as_view(), name="dossier-end-report"),
    path(f"{one}withdraw/", dossiers.Withdraw.as_view(), name="dossier-withdraw"),
    path(f"{one}statements/", statements.Statements.as_view(), name="statements"),
    path(f"{one}claims/", claims.Claims.as_view(), name="claims"),
    re_path("", Nothing.as_view(), name="nothing"),
]

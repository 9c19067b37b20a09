"""The provider's door. Who comes from outside finds nothing here."""

from django.urls import path

from apps.portal.views import (
    begin,
    claims,
    dossiers,
    drafts,
    end_reports,
    messages,
    overview,
    people,
    statements,
)

app_name = "portal"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("people/", people.people, name="people"),
    path("people/invite/", people.invite, name="member-invite"),
    path(
        "people/invitations/<uuid:invitation>/withdraw/",
        people.withdraw,
        name="invitation-withdraw",
    ),
    path("people/<int:member>/shut-out/", people.shut_out, name="member-shut-out"),
    path("people/<int:member>/let-in/", people.let_in, name="member-let-in"),
    path("people/keys/", people.issue, name="key-issue"),
    path("people/keys/<uuid:key>/end/", people.revoke, name="key-end"),
    path("claims/", claims.claims, name="claims"),
    path("claims/file/", claims.file_all, name="claims-file"),
    path("drafts/new/", begin.start, name="draft-start"),
    path("drafts/<uuid:draft>/check/", drafts.check, name="draft-check"),
    path("drafts/<uuid:draft>/file/", drafts.file, name="draft-file"),
    path("drafts/<uuid:draft>/discard/", drafts.discard, name="draft-discard"),
    path("drafts/<uuid:draft>/documents/<slug:kind>/", drafts.document, name="draft-document"),
    path("drafts/<uuid:draft>/<slug:step>/", drafts.step, name="draft-step"),
    path("dossiers/file/<slug:form>/", overview.dossiers_export, name="dossiers-file"),
    path("files/<uuid:export>/", overview.export, name="export"),
    path("files/<uuid:export>/file/", overview.export_file, name="export-file"),
    path("dossiers/<uuid:dossier>/", dossiers.dossier, name="dossier"),
    path("dossiers/<uuid:dossier>/documents/<slug:kind>/", dossiers.document, name="document"),
    path("dossiers/<uuid:dossier>/start/", dossiers.start, name="dossier-start"),
    path("dossiers/<uuid:dossier>/complete/", dossiers.complete, name="dossier-complete"),
    path("dossiers/<uuid:dossier>/end-report/", end_reports.end_report, name="dossier-end-report"),
    path("dossiers/<uuid:dossier>/withdraw/", dossiers.withdraw, name="dossier-withdraw"),
    path("dossiers/<uuid:dossier>/messages/", messages.write, name="message-write"),
    path("dossiers/<uuid:dossier>/messages/read/", messages.read, name="messages-read"),
    path(
        "dossiers/<uuid:dossier>/messages/<uuid:message>/document/",
        messages.document,
        name="message-document",
    ),
    path("dossiers/<uuid:dossier>/statement/", statements.statement, name="statement"),
    path("dossiers/<uuid:dossier>/claims/", claims.file, name="claim-file"),
]

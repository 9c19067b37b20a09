"""The agency's door: all dossiers, contracts, runs and answers, across providers."""

from django.urls import path

from apps.backoffice.views import (
    answers,
    assessment,
    claims,
    contracts,
    dossiers,
    facts,
    people,
    register,
    runs,
)

app_name = "backoffice"
urlpatterns = [
    path("", dossiers.dossiers, name="dossiers"),
    path("dossiers/<uuid:dossier>/", dossiers.dossier, name="dossier"),
    path("dossiers/<uuid:dossier>/size/", assessment.size, name="dossier-size"),
    path("dossiers/<uuid:dossier>/de-minimis/", assessment.de_minimis, name="dossier-de-minimis"),
    path("dossiers/<uuid:dossier>/facts/", facts.facts, name="dossier-facts"),
    path("dossiers/<uuid:dossier>/facts/correct/", facts.correct, name="dossier-correct"),
    path("dossiers/<uuid:dossier>/find/", dossiers.find, name="dossier-find"),
    path("dossiers/<uuid:dossier>/confirm/", dossiers.confirm, name="dossier-confirm"),
    path("dossiers/<uuid:dossier>/assess/", dossiers.assess_again, name="dossier-assess"),
    path("dossiers/<uuid:dossier>/approve/", dossiers.approve, name="dossier-approve"),
    path("dossiers/<uuid:dossier>/refuse/", dossiers.refuse, name="dossier-refuse"),
    path("dossiers/<uuid:dossier>/stop/", dossiers.stop, name="dossier-stop"),
    path("claims/", claims.claims, name="claims"),
    path("claims/<uuid:claim>/verify/", claims.verify, name="claim-verify"),
    path("claims/<uuid:claim>/send-back/", claims.send_back, name="claim-send-back"),
    path("register/", register.register, name="register"),
    path("register/<uuid:dossier>/enter/", register.enter, name="register-enter"),
    path("register/<uuid:dossier>/file/", register.file, name="register-file"),
    path("contracts/", contracts.contracts, name="contracts"),
    path("runs/", runs.runs, name="runs"),
    path("runs/draw-up/", runs.draw_up, name="run-draw-up"),
    path("runs/<uuid:run>/", runs.run, name="run"),
    path("runs/<uuid:run>/check/", runs.check, name="run-check"),
    path("runs/<uuid:run>/approve/", runs.approve, name="run-approve"),
    path("runs/<uuid:run>/abandon/", runs.abandon, name="run-abandon"),
    path("runs/<uuid:run>/sent/", runs.sent, name="run-sent"),
    path("runs/<uuid:run>/file/", runs.file, name="run-file"),
    path("payments/<uuid:payment>/settle/", runs.settle, name="payment-settle"),
    path("people/", people.people, name="people"),
    path("people/give/", people.give, name="person-give"),
    path("people/<int:person>/take/", people.take, name="person-take"),
    path("answer/", answers.answer, name="answer"),
    path("answer/workbook/", answers.workbook, name="answer-workbook"),
    path("answer/json/", answers.as_json, name="answer-json"),
]

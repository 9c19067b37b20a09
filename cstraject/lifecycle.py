"""The states of a dossier, a claim, a run and a payment, and the only ways between them."""

from collections.abc import Mapping
from dataclasses import dataclass

from cstraject.refusal import Refusal


@dataclass(frozen=True)
class Lifecycle:
    """A table of (state, event) -> state. What is not in it cannot happen."""

    noun: str
    first: str
    ways: Mapping[tuple[str, str], str]

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, in the order in which the table tells of them."""
        named = [
            self.first,
            *(s for (state, _), after in self.ways.items() for s in (state, after)),
        ]
        return tuple(dict.fromkeys(named))

    def after(self, state: str, event: str) -> str:
        """The state that follows; refuses (`not-now`) an event that has no place in this state."""
        try:
            return self.ways[state, event]
        except KeyError:
            raise Refusal("not-now", noun=self.noun, state=state, event=event) from None

    def allows(self, state: str, event: str) -> bool:
        return (state, event) in self.ways

    def events(self, state: str) -> tuple[str, ...]:
        """What can happen in this state."""
        return tuple(event for at, event in self.ways if at == state)


DOSSIER = Lifecycle(
    "dossier",
    "submitted",
    {
        ("submitted", "approve"): "approved",
        ("submitted", "refuse"): "refused",
        ("submitted", "withdraw"): "withdrawn",
        ("approved", "withdraw"): "withdrawn",
        ("approved", "start"): "in_delivery",
        ("in_delivery", "complete"): "completed",
        ("in_delivery", "stop"): "stopped",
        # Found out afterwards not to have been entitled.
        ("completed", "stop"): "stopped",
    },
)

CLAIM = Lifecycle(
    "claim",
    "submitted",
    {
        ("submitted", "verify"): "verified",
        ("submitted", "send_back"): "sent_back",
        ("verified", "send_back"): "sent_back",
        ("verified", "include"): "in_run",
        ("in_run", "release"): "verified",
        ("in_run", "pay"): "paid",
        # The bank returned the money: the tranche is open again.
        ("paid", "return"): "verified",
    },
)

RUN = Lifecycle(
    "run",
    "drawn_up",
    {
        ("drawn_up", "check"): "checked",
        ("checked", "approve"): "approved",
        ("approved", "file"): "filed",
        ("filed", "send"): "sent",
        ("sent", "settle"): "settled",
        ("drawn_up", "abandon"): "abandoned",
        ("checked", "abandon"): "abandoned",
        ("approved", "abandon"): "abandoned",
    },
)

PAYMENT = Lifecycle(
    "payment",
    "planned",
    {
        ("planned", "pay"): "paid",
        ("planned", "refuse"): "refused",
        ("planned", "abandon"): "abandoned",
        ("paid", "return"): "returned",
    },
)

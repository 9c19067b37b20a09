"""Which rows exist here: the scope of one provider, or of the agency across all.

A door opens it, from the URL; services and selectors below work inside it and name no tenant.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

from django.db import connection

from apps.accounts.keys import sealed
from cstraject.refusal import must


@dataclass(frozen=True)
class Scope:
    """A database role, and the provider whose rows it may see (None: not by provider)."""

    role: str
    provider_id: int | None = None

    @property
    def told(self) -> str:
        """The tenant as the database believes it."""
        return "" if self.provider_id is None else sealed(str(self.provider_id))


DOORKEEPER = Scope("cst_doorkeeper")
BACKOFFICE = Scope("cst_backoffice")

_open: ContextVar[Scope | None] = ContextVar("scope", default=None)


def scope_now() -> Scope | None:
    """The scope that is open, if any."""
    return _open.get()


@contextmanager
def inside(provider_id: int) -> Iterator[None]:
    """Only what this provider owns."""
    with _scope(Scope("cst_provider", provider_id)):
        yield


@contextmanager
def across_providers() -> Iterator[None]:
    """All providers: for the agency's people and for work that runs by itself."""
    with _scope(BACKOFFICE):
        yield


@contextmanager
def _scope(scope: Scope) -> Iterator[None]:
    before = _open.get()
    must(before in (None, scope, BACKOFFICE), "a scope narrows, it never widens")
    wrapper = cast(Any, connection)
    token = _open.set(scope)
    try:
        if wrapper.in_atomic_block:
            wrapper.take(scope)
        yield
    finally:
        _open.reset(token)
        if wrapper.in_atomic_block and not wrapper.needs_rollback:
            wrapper.take(before)

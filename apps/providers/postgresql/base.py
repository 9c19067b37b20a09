"""PostgreSQL, with the scope that is open sent at the start of each transaction.

`SET LOCAL` lasts for the transaction, so a pooled connection never carries a tenant to the next
client. The tenant carries a seal, which SQL alone cannot make. Without a scope a transaction works
as the doorkeeper and is refused, loudly.
"""

from django.db.backends.postgresql import base
from psycopg import Cursor
from psycopg.pq import TransactionStatus

from apps.providers.scope import DOORKEEPER, Scope, scope_now


class DatabaseWrapper(base.DatabaseWrapper):
    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # Not in its stub.
        # Who migrates, as the owner, works through no role unless a scope says so.
        by_role = self.settings_dict["OPTIONS"].get("assume_role") == DOORKEEPER.role
        if not autocommit and (scope_now() or by_role):
            self.take(scope_now())

    def take(self, scope: Scope | None) -> None:
        """Take a scope's role and tenant for the rest of this transaction."""
        if self.connection.info.transaction_status == TransactionStatus.INERROR:
            return  # It will be rolled back, and the role with it.
        scope = scope or DOORKEEPER
        # With parameters of its own, so that no list of running statements shows the seal.
        Cursor(self.connection).execute(
            "SELECT set_config('role', %s, true), set_config('app.provider', %s, true)",
            [scope.role, scope.told],
        )

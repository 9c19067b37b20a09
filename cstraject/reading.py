"""Reading what somebody stated: field by field, and nothing may be left over."""

from collections.abc import Callable, Collection
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

T = TypeVar("T")
DECIMALS_MAX = 6
DECIMALS_WRITTEN_MAX = 30
# More of one thing than any group of SMEs has; what is asked of each grows faster than its number.
LONGEST_LIST = 200
LONGEST_GROUP = 20


class Unreadable(Exception):
    """A field that cannot be read; its text names the field."""


class Reader:
    """Reads a JSON object; raises `Unreadable` with the field that is missing or odd."""

    def __init__(self, data: Any, where: str = "") -> None:
        self.where = where
        if not isinstance(data, dict):
            raise Unreadable(where or "facts")
        self.left = dict(data)

    def name(self, field: str) -> str:
        """A field with the place in which it stands."""
        return f"{self.where}.{field}" if self.where else field

    def has(self, field: str) -> bool:
        return self.left.get(field) is not None

    def text(self, field: str, *, empty: bool = False, longest: int = 200) -> str:
        value = self.left.pop(field, None)
        if empty and value in (None, ""):
            return ""
        if not isinstance(value, str) or not 0 < len(value.strip()) <= longest or "\x00" in value:
            raise Unreadable(self.name(field))
        return value.strip()

    def one_of(self, field: str, known: Collection[str], *, default: str | None = None) -> str:
        if default is not None and self.left.get(field) in (None, ""):
            self.left.pop(field, None)
            return default
        value = self.text(field)
        if value not in known:
            raise Unreadable(f"{self.name(field)}: {value[:40]}")
        return value

    def flag(self, field: str) -> bool:
        value = self.left.pop(field, None)
        if value not in (None, True, False):
            raise Unreadable(self.name(field))
        return bool(value)

    def list(
        self, field: str, read: Callable[[Any], T], *, longest: int = LONGEST_LIST
    ) -> tuple[T, ...]:
        value = self.left.pop(field, None)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise Unreadable(self.name(field))
        if len(value) > longest:
            raise Unreadable(f"{self.name(field)}: {len(value)} > {longest}")
        return tuple(read(item) for item in value)

    def texts(self, field: str) -> tuple[str, ...]:
        return self.list(field, self._plain_text(field), longest=LONGEST_GROUP)

    def groups(self, field: str) -> tuple[tuple[str, ...], ...]:
        """Lists of names: who was found to act jointly, which markets are adjacent."""

        def read(item: Any) -> tuple[str, ...]:
            if not isinstance(item, list) or len(item) > LONGEST_GROUP:
                raise Unreadable(self.name(field))
            return tuple(map(self._plain_text(field), item))

        return self.list(field, read, longest=LONGEST_GROUP)

    def _plain_text(self, field: str) -> Callable[[Any], str]:
        def read(item: Any) -> str:
            if not isinstance(item, str) or not 0 < len(item) <= 200 or "\x00" in item:
                raise Unreadable(self.name(field))
            return item

        return read

    def day(self, field: str) -> date | None:
        value = self.left.pop(field, None)
        if value in (None, ""):
            return None
        try:
            day = date.fromisoformat(value)
        except (TypeError, ValueError):
            raise Unreadable(self.name(field)) from None
        if not 1900 <= day.year <= 2200:
            raise Unreadable(self.name(field))
        return day

    def number(
        self, field: str, *, least: int | None = None, most: int | None = None
    ) -> Decimal | None:
        value = self.left.pop(field, None)
        if value is None:
            return None
        text = str(value)
        try:
            # 1E-99999 and 0E-99999 are numbers too, and would be written out in full one day.
            number = Decimal(text if len(text) <= 30 else "too long")
        except InvalidOperation:
            raise Unreadable(self.name(field)) from None
        if isinstance(value, bool) or not number.is_finite() or abs(number) >= 10**13:
            raise Unreadable(self.name(field))
        if abs(int(number.as_tuple().exponent)) > DECIMALS_WRITTEN_MAX:
            raise Unreadable(self.name(field))
        if number != round(number, DECIMALS_MAX):
            raise Unreadable(self.name(field))
        if (least is not None and number < least) or (most is not None and number > most):
            raise Unreadable(f"{self.name(field)}: {least} - {most if most is not None else '…'}")
        return number

    def whole(self, field: str, *, least: int, most: int) -> int | None:
        number = self.number(field, least=least, most=most)
        if number is not None and number != int(number):
            raise Unreadable(self.name(field))
        return None if number is None else int(number)

    def must_be_read(self) -> None:
        """Whatever is left over was not understood."""
        if self.left:
            raise Unreadable(self.name(sorted(self.left)[0][:40]))

"""Numbers that can be checked: enterprise number, IBAN, structured communication, NACE."""

import re

from stdnum import iban as stdnum_iban
from stdnum.be import ogm_vcs, vat
from stdnum.exceptions import ValidationError

from cstraject.refusal import Refusal, must


def enterprise_number(text: str, /) -> str:
    """The ten digits of a Belgian enterprise number, from any usual spelling [R-BE-01].

    Refuses (`wrong-enterprise-number`) a number that cannot exist: wrong length, wrong check
    digits, or a first digit other than 0 or 1.
    """
    try:
        digits = vat.validate(text)
    except ValidationError:
        raise Refusal("wrong-enterprise-number", given=text[:40]) from None
    return digits


def key_of(text: str, /) -> str:
    """The key of somebody in the facts: the ten digits of an enterprise number, or as it is.

    Persons and foreign enterprises have no number here.
    """
    text = text.strip()
    digits = text.upper().removeprefix("BE").replace(".", "").replace(" ", "")
    return enterprise_number(text) if digits.isdecimal() and len(digits) >= 9 else text


def iban(text: str, /) -> str:
    """An IBAN in its electronic form; refuses (`wrong-iban`) one with wrong check digits.

    Of a Belgian account only the international check is made: the account must exist as a
    number, which bank keeps it is the bank's affair [R-BE-05].
    """
    try:
        return stdnum_iban.validate(text, check_country=False)
    except ValidationError:
        raise Refusal("wrong-iban", given=text[:40]) from None


def structured_communication(number: int, /) -> str:
    """The twelve digits of a Belgian structured communication for a number of up to ten digits."""
    must(0 < number < 10**10, "a structured communication carries ten digits")
    base = f"{number:010d}"
    return base + ogm_vcs.calc_check_digits(base)


def communication_as_written(digits: str, /) -> str:
    """`+++ddd/dddd/ddddd+++`, as it stands on a bank statement."""
    return f"+++{digits[:3]}/{digits[3:7]}/{digits[7:]}+++"


def nace_code(text: str, /) -> str:
    """A NACE-BEL sub-class: five digits without dots; refuses (`wrong-nace`) anything else."""
    digits = text.strip().replace(".", "")
    if not re.fullmatch(r"[0-9]{5}", digits):
        raise Refusal("wrong-nace", given=text[:20])
    return digits

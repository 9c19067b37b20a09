"""The file for the bank: a SEPA credit transfer (pain.001.001.09) [R-PAY-04].

Made from what a run has frozen and nothing else, so that the same run gives the same bytes.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from pyiso20022.pain import pain_001_001_09 as pain
from xsdata.formats.dataclass.serializers import XmlSerializer
from xsdata.formats.dataclass.serializers.config import SerializerConfig
from xsdata.models.datatype import XmlDate, XmlDateTime

from cstraject.quarter import FLANDERS

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"

# The characters that every bank in the scheme accepts.
LATIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")


@dataclass(frozen=True)
class Payer:
    """Who pays, from which account."""

    name: str
    iban: str


@dataclass(frozen=True)
class Transfer:
    """One credit transfer in euro, under a structured communication of twelve digits."""

    end_to_end_id: str
    payee_name: str
    iban: str
    amount: Decimal
    communication: str


def payment_file(
    *,
    message_id: str,
    payer: Payer,
    transfers: Sequence[Transfer],
    made_at: datetime,
    pays_on: date,
) -> bytes:
    """The file as bytes; `message_id` is what the bank knows a repeated file by."""
    count = str(len(transfers))
    total = sum((transfer.amount for transfer in transfers), Decimal("0.00"))
    unknown_agent = pain.BranchAndFinancialInstitutionIdentification6(
        fin_instn_id=pain.FinancialInstitutionIdentification18(
            # The scheme finds the bank by the IBAN; no BIC is needed within the EEA.
            othr=pain.GenericFinancialIdentification1(id="NOTPROVIDED")
        )
    )
    document = pain.Document(
        cstmr_cdt_trf_initn=pain.CustomerCreditTransferInitiationV09(
            grp_hdr=pain.GroupHeader85(
                msg_id=message_id,
                cre_dt_tm=XmlDateTime.from_datetime(
                    made_at.astimezone(FLANDERS).replace(microsecond=0)
                ),
                nb_of_txs=count,
                ctrl_sum=total,
                initg_pty=pain.PartyIdentification135(nm=latin(payer.name, 70)),
            ),
            pmt_inf=[
                pain.PaymentInstruction30(
                    pmt_inf_id=message_id,
                    pmt_mtd=pain.PaymentMethod3Code.TRF,
                    nb_of_txs=count,
                    ctrl_sum=total,
                    pmt_tp_inf=pain.PaymentTypeInformation26(
                        svc_lvl=[pain.ServiceLevel8Choice(cd="SEPA")]
                    ),
                    reqd_exctn_dt=pain.DateAndDateTime2Choice(dt=XmlDate.from_date(pays_on)),
                    dbtr=pain.PartyIdentification135(nm=latin(payer.name, 70)),
                    dbtr_acct=_account(payer.iban),
                    dbtr_agt=unknown_agent,
                    chrg_br=pain.ChargeBearerType1Code.SLEV,
                    cdt_trf_tx_inf=[_transfer(transfer) for transfer in transfers],
                )
            ],
        )
    )
    serializer = XmlSerializer(config=SerializerConfig(indent="  "))
    return serializer.render(document, ns_map={None: NAMESPACE}).encode() + b"\n"


def _transfer(transfer: Transfer) -> pain.CreditTransferTransaction34:
    return pain.CreditTransferTransaction34(
        pmt_id=pain.PaymentIdentification6(end_to_end_id=transfer.end_to_end_id),
        amt=pain.AmountType4Choice(
            instd_amt=pain.ActiveOrHistoricCurrencyAndAmount(value=transfer.amount, ccy="EUR")
        ),
        cdtr=pain.PartyIdentification135(nm=latin(transfer.payee_name, 70)),
        cdtr_acct=_account(transfer.iban),
        rmt_inf=pain.RemittanceInformation16(
            strd=[
                pain.StructuredRemittanceInformation16(
                    cdtr_ref_inf=pain.CreditorReferenceInformation2(
                        tp=pain.CreditorReferenceType2(
                            cd_or_prtry=pain.CreditorReferenceType1Choice(
                                cd=pain.DocumentType3Code.SCOR
                            ),
                            issr="BBA",
                        ),
                        ref=transfer.communication,
                    )
                )
            ]
        ),
    )


def _account(iban: str) -> pain.CashAccount38:
    return pain.CashAccount38(id=pain.AccountIdentification4Choice(iban=iban))


def latin(text: str, length: int) -> str:
    """A name in the restricted character set: Café -> Cafe, what has no letter becomes a dot."""
    plain = unicodedata.normalize("NFKD", text)
    kept = (c for c in plain if not unicodedata.combining(c))
    return "".join(c if c in LATIN else "." for c in kept)[:length].strip() or "."

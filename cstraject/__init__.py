"""What the programme says. Plain Python: no Django, no clock, no user, no input or output.

The agency (VLAIO) pays part of the price of a trajectory in which a contracted provider makes a
small or medium enterprise (kmo) safer. Read the mission in this order:

1. `terms`        what an edition of the programme promises: rate, VAT, packages, tranches
2. `eligibility`  the questions put to a dossier, each with its outcome, finding, figures and source
3. `subsidy`      price -> share of the agency, VAT on it, granted; tranches that add up
4. `lifecycle`    the states of a dossier, a claim, a run and a payment, and the only ways between
5. `delivery`     what was delivered, and which tranche that entitles a provider to
6. `batch`        what is due -> one payment per provider, not a cent more or less
7. `roles`        who may do what

`money`, `quarter`, `places`, `identifiers` and `refusal` are the words these are written in.
"""

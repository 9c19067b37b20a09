import time, pytest
from django.db import transaction
from apps.providers.scope import across_providers
from apps.contracts.selectors import ledger_differences
from apps.dossiers.models import Dossier
from apps.claims.models import Claim
from cstraject.quarter import Quarter
from datetime import date
from tests.many import *
@pytest.mark.parametrize("n",[10000,200000])
def test_x(servers, committed, n):
    with across_providers():
        cs = nine_contracts()
        t=time.time()
        make_many(servers.database_url("postgres", committed), cs, dossiers=n, claimed=10000, quarter=Quarter(2022,1), filed_on=date(2022,4,5))
        print(n, time.time()-t)
        with transaction.atomic():
            assert ledger_differences()==[]
            print(Dossier.objects.count(), Claim.objects.count(), sums_of(servers.database_url("postgres", committed)))

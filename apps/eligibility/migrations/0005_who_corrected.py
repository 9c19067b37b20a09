import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("eligibility", "0004_workings_walls"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="factsheet",
            name="replaces",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="eligibility.factsheet",
            ),
        ),
        migrations.AddField(
            model_name="factsheet",
            name="replaced_by",
            field=models.ForeignKey(
                help_text="Who corrected. Not kept of the first corrections.",
                null=True,
                on_delete=django.db.models.deletion.RESTRICT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="factsheet",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("replaced_by", None), ("replaces__isnull", False), _connector="OR"
                ),
                name="fact_sheet_replaced_by_somebody_replaces",
            ),
        ),
    ]

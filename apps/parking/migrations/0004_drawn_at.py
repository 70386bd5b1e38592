# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a zone's ground or rules changed last."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("parking", "0003_hours_standing_and_source"),
    ]

    operations = [
        migrations.AddField(
            model_name="parkingzone",
            name="drawn_at",
            field=models.DateTimeField(
                editable=False,
                help_text="When its ground or rules changed last: older layouts are of another zone.",
                null=True,
            ),
        ),
    ]

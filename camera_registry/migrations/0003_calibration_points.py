# SPDX-License-Identifier: AGPL-3.0-or-later
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("camera_registry", "0002_view_checks"),
    ]

    operations = [
        migrations.AddField(
            model_name="cameracalibration",
            name="points",
            field=models.JSONField(
                blank=True,
                default=list,
                help_text="The control points it was made from, with their errors; empty for one that was imported without.",
            ),
        ),
    ]

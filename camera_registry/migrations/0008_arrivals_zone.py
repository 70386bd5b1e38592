# SPDX-License-Identifier: AGPL-3.0-or-later
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("camera_registry", "0007_alert_language"),
    ]

    operations = [
        migrations.AlterField(
            model_name="cameraactivity",
            name="arrivals",
            field=models.JSONField(
                default=list,
                help_text="Of the last frames, oldest first: Unix seconds of arrival, clock skew or null, and the time zone that was taken from it, or null.",
            ),
        ),
    ]

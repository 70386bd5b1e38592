# SPDX-License-Identifier: AGPL-3.0-or-later
from django.db import migrations


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("camera_registry", "0004_health"),
    ]

    operations = [
        migrations.CreateModel(
            name="CameraOverview",
            fields=[],
            options={
                "verbose_name": "camera",
                "verbose_name_plural": "camera health",
                "proxy": True,
                "default_permissions": (),
                "indexes": [],
                "constraints": [],
            },
            bases=("camera_registry.camera",),
        ),
    ]

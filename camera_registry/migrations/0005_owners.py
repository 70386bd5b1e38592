# SPDX-License-Identifier: AGPL-3.0-or-later
"""Owners: consent, credentials being replaced, privacy mask, what a first frame was like."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("camera_registry", "0004_health"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="camera",
            name="old_password_hash",
            field=models.CharField(
                blank=True,
                editable=False,
                help_text="Of the password before, while it is being replaced.",
                max_length=200,
            ),
        ),
        migrations.AddField(
            model_name="camera",
            name="old_password_until",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="camera",
            name="privacy_mask",
            field=models.JSONField(
                blank=True,
                default=list,
                editable=False,
                help_text="Polygons that are blackened before anything looks at a frame: lists of [x, y] in pixels of the calibrated size, x right, y down.",
            ),
        ),
        migrations.AddField(
            model_name="camera",
            name="privacy_mask_size",
            field=models.JSONField(
                blank=True,
                editable=False,
                help_text="[width, height] of the picture the mask was drawn on.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="camerakey",
            name="stops_at",
            field=models.DateTimeField(
                blank=True, editable=False, help_text="From then on it opens the door no more.", null=True
            ),
        ),
        migrations.CreateModel(
            name="CameraConsent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("camera_name", models.CharField(max_length=40)),
                (
                    "who",
                    models.CharField(
                        blank=True,
                        help_text="The name that was given; gone with the account.",
                        max_length=200,
                    ),
                ),
                ("purpose", models.CharField(max_length=300)),
                ("text_version", models.CharField(max_length=20)),
                ("language", models.CharField(max_length=10)),
                ("given_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "camera",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="consents",
                        to="camera_registry.camera",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("-given_at", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="CameraFrameCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(help_text="When the frame came.")),
                ("width", models.PositiveIntegerField(help_text="Pixels.")),
                ("height", models.PositiveIntegerField(help_text="Pixels.")),
                (
                    "brightness",
                    models.FloatField(help_text="Mean grey value outside the privacy mask, 0 to 255."),
                ),
                (
                    "sharpness",
                    models.FloatField(help_text="Standard deviation of its Laplacian, grey values."),
                ),
                (
                    "camera",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="frame_check",
                        to="camera_registry.camera",
                    ),
                ),
            ],
            options={
                "ordering": ("camera",),
            },
        ),
    ]

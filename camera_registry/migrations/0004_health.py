# SPDX-License-Identifier: AGPL-3.0-or-later
import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import camera_registry.webhook_address


class Migration(migrations.Migration):
    dependencies = [
        ("camera_registry", "0003_calibration_points"),
    ]

    operations = [
        migrations.CreateModel(
            name="CameraActivity",
            fields=[
                (
                    "camera",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="activity",
                        serialize=False,
                        to="camera_registry.camera",
                    ),
                ),
                (
                    "received",
                    models.PositiveBigIntegerField(default=0, help_text="Good frames since counting began."),
                ),
                (
                    "analysed",
                    models.PositiveBigIntegerField(default=0, help_text="Frames that became a result."),
                ),
                (
                    "arrivals",
                    models.JSONField(
                        default=list,
                        help_text="Of the last frames, oldest first: Unix seconds of arrival, clock skew or null.",
                    ),
                ),
                (
                    "zones",
                    models.JSONField(
                        default=list, help_text="Slugs of the zones that the last analysed frame showed."
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="camera",
            name="alert_by_email",
            field=models.BooleanField(
                default=True,
                help_text="Write to the owner when the camera goes late or is suspended, and when it is well again.",
                verbose_name="alerts by e-mail",
            ),
        ),
        migrations.AddField(
            model_name="camera",
            name="alert_secret",
            field=models.CharField(blank=True, editable=False, max_length=100),
        ),
        migrations.AddField(
            model_name="camera",
            name="alert_webhook",
            field=models.CharField(
                blank=True,
                help_text="An https:// address that is sent the same as JSON, signed. Empty: none.",
                max_length=500,
                validators=[camera_registry.webhook_address.valid_webhook],
                verbose_name="alerts by webhook",
            ),
        ),
        migrations.CreateModel(
            name="CameraIncident",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("late", "late"),
                            ("suspended", "suspended"),
                            ("well", "well again"),
                            ("test", "a test"),
                        ],
                        help_text="The state it is in, or was in last.",
                        max_length=16,
                    ),
                ),
                ("kind_since", models.DateTimeField(help_text="When it came into that state.")),
                ("began_at", models.DateTimeField()),
                (
                    "well_since",
                    models.DateTimeField(
                        help_text="Since when it has been well; null while it is not.", null=True
                    ),
                ),
                ("closed_at", models.DateTimeField(null=True)),
                ("told", models.JSONField(default=list, help_text="Kinds of which the owner was told.")),
                (
                    "camera",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="incidents",
                        to="camera_registry.camera",
                    ),
                ),
            ],
            options={
                "ordering": ("-began_at",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=("camera",),
                        name="one_open_incident_per_camera",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CameraAlert",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "event",
                    models.CharField(
                        choices=[
                            ("late", "late"),
                            ("suspended", "suspended"),
                            ("well", "well again"),
                            ("test", "a test"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "channel",
                    models.CharField(choices=[("email", "e-mail"), ("webhook", "webhook")], max_length=16),
                ),
                (
                    "target",
                    models.CharField(
                        help_text="The e-mail address or the webhook's address.", max_length=500
                    ),
                ),
                (
                    "headline",
                    models.TextField(help_text="The camera's health in one sentence, as it was then."),
                ),
                ("body", models.JSONField(default=dict, help_text="What a webhook is sent.")),
                (
                    "status",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("sent", "sent"), ("given_up", "given up")],
                        default="waiting",
                        max_length=16,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_attempt_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_error", models.CharField(blank=True, max_length=300)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "camera",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="camera_registry.camera",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="camera_registry.cameraincident",
                    ),
                ),
            ],
            options={
                "ordering": ("-created_at",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "waiting")),
                        fields=["next_attempt_at"],
                        name="alerts_to_be_sent",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("incident", "event", "channel", "target"), name="alert_once_per_incident"
                    )
                ],
            },
        ),
    ]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hours of a zone, whether somebody has accepted it, and where it comes from."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("parking", "0002_vehicle_classes"),
    ]

    operations = [
        migrations.AddField(
            model_name="parkingzone",
            name="closes_at",
            field=models.DateTimeField(
                editable=False, help_text="Begin of the hours' closed time.", null=True
            ),
        ),
        migrations.AddField(
            model_name="parkingzone",
            name="hours",
            field=models.CharField(
                blank=True,
                default="",
                help_text="When parking is allowed, as OpenStreetMap writes it: Mo-Fr 18:00-08:00; Sa,Su 00:00-24:00. Empty: always. Outside these hours nothing is offered.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="parkingzone",
            name="licence",
            field=models.CharField(
                blank=True, default="", help_text="The terms of the source, and whom to name.", max_length=200
            ),
        ),
        migrations.AddField(
            model_name="parkingzone",
            name="opens_at",
            field=models.DateTimeField(
                editable=False, help_text="Its end; null: not within a year.", null=True
            ),
        ),
        migrations.AddField(
            model_name="parkingzone",
            name="source",
            field=models.CharField(
                blank=True,
                default="",
                help_text="What the zone was made from, e.g. a survey or a way.",
                max_length=200,
            ),
        ),
        migrations.AddField(
            model_name="parkingzone",
            name="standing",
            field=models.CharField(
                choices=[
                    ("accepted", "accepted"),
                    ("proposed", "proposed, waits for an admin"),
                    ("declined", "declined"),
                    ("retired", "retired, kept for its history"),
                ],
                default="accepted",
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="parkingzone",
            constraint=models.CheckConstraint(
                condition=models.Q(("enabled", False), ("standing", "accepted"), _connector="OR"),
                name="zone_switched_on_is_accepted",
            ),
        ),
    ]

# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the owners' pages, below /my/. `notice/<code>/` is public: it is what the notice's code leads to."""

from __future__ import annotations

from django.urls import path

from apps.owners.views import account, alerts, camera, login, mask, notice

app_name = "owners"

urlpatterns = [
    path("", camera.CamerasView.as_view(), name="cameras"),
    path("join/<str:token>/", login.JoinView.as_view(), name="join"),
    path("login/", login.LoginView.as_view(), name="login"),
    path("logout/", login.LogoutView.as_view(), name="logout"),
    path("account/", account.AccountView.as_view(), name="account"),
    path("account/password/", account.PasswordView.as_view(), name="password"),
    path("account/delete/", account.DeleteAccountView.as_view(), name="delete-account"),
    path("new/", camera.NewCameraView.as_view(), name="new"),
    path("camera/<slug:name>/", camera.CameraView.as_view(), name="camera"),
    path("camera/<slug:name>/words/", camera.WordsView.as_view(), name="words"),
    path("camera/<slug:name>/connect/", camera.ConnectView.as_view(), name="connect"),
    path("camera/<slug:name>/stop-old/", camera.StopOldView.as_view(), name="stop-old"),
    path("camera/<slug:name>/switch/", camera.SwitchView.as_view(), name="switch"),
    path("camera/<slug:name>/withdraw/", camera.WithdrawView.as_view(), name="withdraw"),
    path("camera/<slug:name>/delete/", camera.DeleteCameraView.as_view(), name="delete"),
    path("camera/<slug:name>/alerts/", alerts.AlertsView.as_view(), name="alerts"),
    path("camera/<slug:name>/alerts/test/", alerts.AlertTestView.as_view(), name="alert-test"),
    path("camera/<slug:name>/alerts/secret/", alerts.AlertSecretView.as_view(), name="alert-secret"),
    path("camera/<slug:name>/first-frame/", camera.FirstFrameView.as_view(), name="first-frame"),
    path("camera/<slug:name>/mask/", mask.MaskView.as_view(), name="mask"),
    path("camera/<slug:name>/mask/frame/", mask.FrameView.as_view(), name="mask-frame"),
    path("camera/<slug:name>/mask/next/", mask.NextFrameView.as_view(), name="mask-next"),
    path("camera/<slug:name>/mask/leave/", mask.LeaveView.as_view(), name="mask-leave"),
    path("camera/<slug:name>/notice/", notice.NoticeView.as_view(), name="notice"),
    path("notice/<slug:code>/", notice.PublicNoticeView.as_view(), name="public-notice"),
]

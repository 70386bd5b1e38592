# SPDX-License-Identifier: AGPL-3.0-or-later
"""Errors as RFC 9457 problem details, for every answer of 400 and above that the API gives."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

__all__ = ["PROBLEM_TYPE", "BadParameter", "exception_handler", "problem"]

logger = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"
#: How long a client should wait when the database is away, seconds.
RETRY_AFTER_S = 5

_TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Format not available",
    415: "Format not understood",
    429: "Too many requests",
    500: "Internal error",
    503: "Temporarily unavailable",
}


class BadParameter(exceptions.APIException):
    """A query parameter that cannot be used; the text says why and what to send instead."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "bad_parameter"

    def __init__(self, parameter: str, reason: str) -> None:
        self.parameter = parameter
        self.reason = reason
        super().__init__(f"{parameter}: {reason}")


def problem(request: HttpRequest, code: int, detail: str, **extensions: Any) -> Response:
    """A problem details answer; `extensions` are further members, e.g. `errors`."""
    body = {
        "type": "about:blank",
        "title": _TITLES.get(code, "Error"),
        "status": code,
        "detail": detail,
        "instance": request.get_full_path(),
    } | extensions
    response = Response(body, status=code, content_type=PROBLEM_TYPE)
    response["Cache-Control"] = "no-store"
    return response


def exception_handler(error: Exception, context: dict[str, Any]) -> Response:
    """What DRF calls for anything that a view raises."""
    request = context["request"]
    set_rollback()
    if isinstance(error, BadParameter):
        errors = [{"parameter": error.parameter, "detail": error.reason}]
        return problem(request, error.status_code, str(error.detail), errors=errors)
    if isinstance(error, exceptions.MethodNotAllowed):
        allowed = ", ".join(context["view"].allowed_methods)
        return problem(request, 405, f"{request.method} does nothing here; there are: {allowed}.")
    if isinstance(error, exceptions.APIException):
        return _with_headers(problem(request, error.status_code, _text(error.detail)), error)
    if isinstance(error, Http404):
        return problem(request, 404, "There is nothing at this address; /api/v1/ lists what there is.")
    if isinstance(error, PermissionDenied):
        return problem(request, 403, "This is not allowed.")
    if isinstance(error, OperationalError | InterfaceError):
        logger.warning("the database cannot be reached: %s", error)
        response = problem(request, 503, "The database cannot be reached; try again in a few seconds.")
        response["Retry-After"] = str(RETRY_AFTER_S)
        return response
    logger.exception("unexpected error at %s", request.path)
    return problem(request, 500, "Something unexpected went wrong; it has been logged.")


def _text(detail: Any) -> str:
    return str(detail) if isinstance(detail, str) else "; ".join(str(part) for part in detail)


def _with_headers(response: Response, error: exceptions.APIException) -> Response:
    wait = getattr(error, "wait", None)
    if wait:
        response["Retry-After"] = str(int(wait))
    challenge = getattr(error, "auth_header", None)
    if challenge:
        response["WWW-Authenticate"] = challenge
    return response

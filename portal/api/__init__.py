"""The JSON API under `/api/v1`: tokens with scopes, idempotent writes."""

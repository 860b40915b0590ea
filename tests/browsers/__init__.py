"""The main cases in Firefox, WebKit and Chromium; `make test-browsers` runs these tests."""

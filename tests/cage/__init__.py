"""The kiosk under cage; `make test-kiosk` runs these tests."""

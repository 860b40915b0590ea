"""The kiosk, without a screen; `cage` has it under a real compositor."""

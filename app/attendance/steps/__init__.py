"""Steps of taking uploads in and of settling what waits."""

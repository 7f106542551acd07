"""The yardstick: what one writes with Django REST framework on a good day, without thought of speed."""

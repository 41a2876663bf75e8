"""For the course's staff: badges, the notebooks' rules, running them again, here and elsewhere.

``python -m staff`` lists the commands.
"""

"""Buttons that say why they are greyed out."""


class Explained:
    """Mixin of an operator that has `obstacle(context)`: what keeps it from running, or ""."""

    @classmethod
    def poll(cls, context):
        obstacle = cls.obstacle(context)
        if obstacle:
            cls.poll_message_set(obstacle)
        return not obstacle

"""The definitions file of a marketer: read, checked, compared with the topic, sent and shown.

``file`` reads the page, ``checking`` says what is wrong with it, ``plan`` what publishing would change.
None of these three knows Kafka; ``topic`` does.
"""

"""The platform on one machine, without Docker and without an installed Java.

`python -m deploy.local run` starts the real Apache Kafka and mongod, every process of the three
services, and sinks that stand for the SMS gateway and the mail server.
"""

"""Starts the AWS emulator: `python -m emulator`, configured by the environment that local/aws/emulator.ts gives it.

Every module named here extends ministack when it is imported. They reach into private names, so ministack is
pinned, and each name is checked before anything listens (extend.py).
"""

from . import extend

extend.require_version("1.5.33")

from . import (  # noqa: E402, F401 - imported for what they extend
    admin,
    cloudformation,
    cloudwatch,
    codebuild,
    ecr_api,
    ecr_events,
    ecr_registry,
    ecr_scanning,
    eks,
    eventbridge,
    faults_aws,
    faults,
    http_api,
    iam,
    persistence,
    route53,
    s3,
    secretsmanager,
    sns,
    streams,
)

extend.verify()

if __name__ == "__main__":
    from ministack.app import main

    main()

//! `API Gateway does not have permission to assume the provided role …`.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::recognise::reason;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "integration-role-not-assumable",
    title: "API Gateway may not assume the role it was given",
    severity: Severity::High,
    status: Some(500),
    blames: Blames::Elsewhere,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise: |execution| {
        reason(
            execution,
            &[
                "API Gateway does not have permission to assume",
                // HTTP APIs, in their access logs.
                "API Gateway doesn't have permissions to assume the IAM role",
                "API Gateway doesn’t have permissions to assume the IAM role",
            ],
        )
    },
    text: "Execution failed due to configuration error: API Gateway does not have permission to assume the \
           provided role …",
    happened: "API Gateway tried to take on the role in the credentials of an integration or authorizer, \
               and was refused. Nothing was called.",
    why: "The role was deleted, or its trust policy does not let apigateway.amazonaws.com assume it for this \
          API.",
    owner: Owner::Api,
    next_steps: &[
        NextStep {
            what: "Read the trust policy of the role in the log line. It must let apigateway.amazonaws.com \
                   call sts:AssumeRole, and its conditions must fit this account and API.",
            command: Some("aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument"),
            verify: None,
        },
        NextStep {
            what: "Check that the integration (or authorizer) names the role you mean, in this account.",
            command: Some(commands::INTEGRATION),
            verify: None,
        },
        NextStep {
            what: "Correct the trust policy; it takes effect within a minute, without a deployment. A \
                   corrected ARN needs one.",
            command: Some(
                "aws iam update-assume-role-policy --role-name ROLE --policy-document \
                 file://trust.json",
            ),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html",
    ],
};

//! `Invalid permissions on Lambda function`: its policy does not let this API call it.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::recognise::reason;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "lambda-permission-missing",
    title: "API Gateway may not invoke the Lambda function",
    severity: Severity::High,
    status: Some(500),
    blames: Blames::Elsewhere,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise: |execution| {
        const OF_HTTP_APIS: [&str; 2] = [
            "The IAM role configured on the integration or API Gateway doesn't have permissions to call",
            "The IAM role configured on the integration or API Gateway doesn’t have permissions to call",
        ];
        reason(execution, &["Invalid permissions on Lambda function"])
            .or_else(|| reason(execution, &OF_HTTP_APIS))
    },
    text: "Execution failed due to configuration error: Invalid permissions on Lambda function",
    happened: "API Gateway called Lambda's Invoke and was refused; the function did not run.",
    why: "The function's resource policy has no statement for this API, stage, method and path. Often the \
          policy belongs to another alias or version than the one that is called, the method was added \
          later, or a stage variable names another function. A function that does not exist any more looks \
          the same.",
    owner: Owner::Api,
    next_steps: &[
        NextStep {
            what: "Read the function's policy; pass the alias or version as --qualifier where the \
                   integration names one.",
            command: Some("aws lambda get-policy --function-name FUNCTION --region {region}"),
            verify: None,
        },
        NextStep {
            what: "Add a statement for this method. In a China or GovCloud Region the ARN begins with \
                   arn:aws-cn or arn:aws-us-gov.",
            command: Some(
                "aws lambda add-permission --function-name FUNCTION --statement-id \
                 apigateway-{api} --action lambda:InvokeFunction --principal apigateway.amazonaws.com \
                 --source-arn 'arn:aws:execute-api:{region}:{account}:{api}/*/{method}{path}' --region \
                 {region}",
            ),
            verify: Some("aws lambda get-policy --function-name FUNCTION --region {region}"),
        },
        NextStep {
            what: "Or give the integration a role as its credentials that may invoke the function.",
            command: Some(commands::INTEGRATION),
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://repost.aws/knowledge-center/api-gateway-rest-api-lambda-integrations",
        "https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html",
    ],
};

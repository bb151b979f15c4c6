//! `There was an error evaluating the AWS WAF rules …`: API Gateway got no answer from AWS WAF.

use crate::causes::{clue, commands};

use crate::causes::cause::{Blames, Cause, MaskedBy, NextStep, Owner};
use crate::causes::recognise::reason;
use crate::ids::Severity;

pub(crate) static CAUSE: Cause = Cause {
    slug: "waf-error",
    title: "AWS WAF could not evaluate the request",
    severity: Severity::High,
    status: Some(500),
    blames: Blames::Elsewhere,
    clue: clue::none,
    masked_by: MaskedBy::Nothing,
    names_reset: false,
    recognise: |execution| {
        let sentences = [
            "There was an error evaluating the AWS WAF rules",
            "Failed to call WAF",
            "WAF call got timed out",
        ];
        reason(execution, &sentences)
    },
    text: "There was an error evaluating the AWS WAF rules associated with this API",
    happened: "The stage has a web ACL; API Gateway could not get a decision from AWS WAF and answered 500 \
               without asking the backend.",
    why: "Most often a passing fault inside AWS. Rarely a web ACL that was just replaced, taken off or \
          deleted. The requests were not blocked by a rule: that gives a 403.",
    owner: Owner::Aws,
    next_steps: &[
        NextStep {
            what: "Check that the stage still has the web ACL you mean.",
            command: Some(
                "aws wafv2 get-web-acl-for-resource --resource-arn \
                 arn:aws:apigateway:{region}::/restapis/{api}/stages/{stage} --region {region}",
            ),
            verify: None,
        },
        NextStep {
            what: "See whether AWS reports trouble with AWS WAF in this Region.",
            command: Some("aws health describe-events --filter services=WAF --region us-east-1"),
            verify: None,
        },
        NextStep {
            what: "If it goes on, associate the web ACL with the stage anew, and open an AWS Support case \
                   with some extended request ids.",
            command: None,
            verify: Some(commands::STILL_FAILING),
        },
    ],
    references: &[
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-aws-waf.html",
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html",
    ],
};

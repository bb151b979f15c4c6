//! Commands that several causes share.

/// Whether the link is AVAILABLE, and what it says about itself.
pub(crate) const LINK_STATUS: &str =
    "aws apigateway get-vpc-link --vpc-link-id {link} --query '[status,statusMessage]' --region {region}";

/// The integration as it is configured; what is deployed may be older.
pub(crate) const INTEGRATION: &str = "aws apigateway get-integration --rest-api-id {api} --resource-id {resource_id} --http-method {method} \
     --region {region}";

/// Makes a changed configuration take effect.
pub(crate) const REDEPLOY: &str =
    "aws apigateway create-deployment --rest-api-id {api} --stage-name {stage} --region {region}";

/// The stage variables, of which one may name the link.
pub(crate) const STAGE_VARIABLES: &str =
    "aws apigateway get-stage --rest-api-id {api} --stage-name {stage} --query variables --region {region}";

/// The state of every target.
pub(crate) const TARGET_HEALTH: &str =
    "aws elbv2 describe-target-health --target-group-arn {target_group} --region {region}";

/// The failures of the last minutes. Silence under traffic proves a repair.
pub(crate) const STILL_FAILING: &str = "aws logs tail {log_group} --since 5m --filter-pattern '?\"Execution failed\" ?\"execution failed\" \
     ?\"status: 500\" ?\"status: 502\" ?\"status: 503\" ?\"status: 504\"' --region {region}";

/// All lines of the request that failed.
pub(crate) const REQUEST_LINES: &str = "aws logs filter-log-events --log-group-name {log_group} --filter-pattern '\"{request_id}\"' --region {region}";

/// Ports and protocols of the load balancer.
pub(crate) const LISTENERS: &str =
    "aws elbv2 describe-listeners --load-balancer-arn {load_balancer} --region {region}";

/// What the TLS endpoint presents, asked from where it can be reached.
pub(crate) const HANDSHAKE: &str =
    "openssl s_client -connect {host}:{port} -servername {host} -showcerts </dev/null";

/// The same, with the connection held open for a while: since TLS 1.3 a demanded client certificate is missed only after the
/// handshake, so that the server's refusal comes late.
pub(crate) const HANDSHAKE_HELD: &str =
    "openssl s_client -connect {host}:{port} -servername {host} -showcerts -ign_eof </dev/null";

/// Subject and dates of every certificate that the endpoint sends, the last of which may have expired alone.
pub(crate) const CHAIN_DATES: &str = "openssl s_client -connect {host}:{port} -servername {host} -showcerts </dev/null | openssl crl2pkcs7 \
     -nocrl -certfile /dev/stdin | openssl pkcs7 -print_certs -noout -text | grep -E 'Subject:|Not Before|Not After'";

/// The names that the endpoint's certificate covers.
pub(crate) const CERTIFICATE_NAMES: &str = "openssl s_client -connect {host}:{port} -servername {host} </dev/null | openssl x509 -noout -subject -ext \
     subjectAltName";

/// What the function itself logged.
pub(crate) const FUNCTION_LOG: &str = "aws logs tail /aws/lambda/FUNCTION --since 1h --region {region}";

//! `vpclink test-alert`: a labelled test through the real path, to prove that a new deployment delivers.

use crate::cli::exit::{CliError, Exit};
use crate::cli::output;
use crate::{alerts, functions};

use jiff::Timestamp;

use crate::alerts::{Message, Publish};
use crate::ids::Arn;
use crate::incidents::{Alert, Status};

#[derive(Debug, clap::Args)]
pub(crate) struct TestAlertArgs {
    /// The SNS topic that alerts go to
    #[arg(long, value_name = "ARN", env = "ALERT_TOPIC_ARN")]
    pub(crate) topic: String,
}

/// Lines of a made-up failure.
const SAMPLE: [&str; 3] = [
    "HTTP Method: GET, Resource Path: /test-alert",
    "Execution failed due to configuration error: There was an internal error while executing your request",
    "Method completed with status: 500",
];

pub(crate) async fn run(args: &TestAlertArgs) -> Result<Exit, CliError> {
    let topic = Arn::new(args.topic.trim());
    let message = alerts::message(&alert(output::now()).await?);
    publisher(&topic).await?.publish(&message).await?;
    output::write(&published(&topic, &message), None)?;
    Ok(Exit::NothingFailed)
}

/// An alert that is labelled as a test.
async fn alert(now: Timestamp) -> Result<Alert, CliError> {
    let line = |text: &&str| format!("{now}\t(test-alert) {text}\n");
    let log: String = SAMPLE.iter().map(line).collect();
    let alert = functions::explain(&[log.into_bytes()], None, now).await?.alerts.into_iter().next();
    let mut alert = alert.ok_or_else(|| anyhow::anyhow!("the sample failure was not recognised"))?;
    alert.status = Status::Test;
    alert.reason = "an engineer ran `vpclink test-alert`".to_owned();
    alert.judgement.unread = Some("a test reads no account".to_owned());
    Ok(alert)
}

/// The topic, and what each subscriber should see.
fn published(topic: &Arn, message: &Message) -> String {
    let attributes: Vec<String> =
        message.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!(
        "published a test alert to {topic}\n\n\
         What subscribers should see now:\n  \
         email                           a plain text with the subject\n                                  {}\n  \
         https (Slack, Teams, pagers)    a notification titled \"TEST of vpclink-responder's alerts\"\n  \
         sms                             {}\n  \
         sqs, lambda, firehose, email-json   the machine alert with \"status\":\"test\"\n\n\
         Its attributes: {}\n\
         A subscription whose filter policy excludes these attributes gets nothing. An unconfirmed subscription gets nothing either.\n",
        message.subject,
        message.bodies["sms"],
        attributes.join(" "),
    )
}

#[cfg(feature = "live")]
async fn publisher(topic: &Arn) -> Result<Box<dyn Publish>, CliError> {
    use crate::alerts::sns::Sns;
    use crate::aws::live::sdk_config_in;
    // A topic takes messages at the endpoint of its own Region only.
    let Some(region) = topic.region().filter(|_| topic.as_str().contains(":sns:")) else {
        let wrong =
            anyhow::anyhow!("`{topic}` is not the ARN of an SNS topic (arn:aws:sns:REGION:ACCOUNT:NAME)");
        return Err(CliError::usage(wrong));
    };
    Ok(Box::new(Sns::new(&sdk_config_in(&region).await, topic.clone())))
}

#[cfg(not(feature = "live"))]
async fn publisher(_: &Arn) -> Result<Box<dyn Publish>, CliError> {
    Err(crate::cli::account::cannot_ask())
}

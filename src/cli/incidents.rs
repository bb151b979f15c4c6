//! `vpclink incidents`, `silence`, `unsilence`: the incidents in the table, and which of them are muted.

use crate::alerts::incidents;
use crate::cli::exit::{CliError, Exit};
use crate::cli::output;

use crate::causes::Cause;
use crate::functions::config::duration;
use crate::incidents::store::Store;
use crate::incidents::{AlertId, Matcher, Silence};

#[derive(Debug, clap::Args)]
pub(crate) struct IncidentsArgs {
    /// Include resolved incidents
    #[arg(long)]
    pub(crate) all: bool,
    /// The DynamoDB table that holds the incidents
    #[arg(long, value_name = "NAME", env = "INCIDENT_TABLE")]
    pub(crate) table: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SilenceArgs {
    /// One incident or alert, by the full id in the message body, not the `#` short form
    #[arg(conflicts_with_all = ["api", "stage", "cause"])]
    pub(crate) id: Option<String>,
    /// All incidents of this REST or HTTP API, by its id
    #[arg(long, value_name = "ID")]
    pub(crate) api: Option<String>,
    /// All incidents of this stage
    #[arg(long, value_name = "NAME")]
    pub(crate) stage: Option<String>,
    /// All incidents of this cause
    #[arg(long, value_name = "SLUG")]
    pub(crate) cause: Option<String>,
    /// For how long: 30m, 2h, 1d
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub(crate) duration: std::time::Duration,
    /// The DynamoDB table that holds the incidents
    #[arg(long, value_name = "NAME", env = "INCIDENT_TABLE")]
    pub(crate) table: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct UnsilenceArgs {
    /// The silence, by the id that `vpclink silence` printed
    pub(crate) id: String,
    /// The DynamoDB table that holds the incidents
    #[arg(long, value_name = "NAME", env = "INCIDENT_TABLE")]
    pub(crate) table: Option<String>,
}

pub(crate) async fn list(args: &IncidentsArgs) -> Result<Exit, CliError> {
    let store = open(args.table.as_deref()).await?;
    let now = output::now();
    let (mut known, silences) = (store.all(now).await?, store.silences().await?);
    if !args.all {
        known.incidents.retain(|one| one.coverage.alert.is_some() || one.coverage.uncovered() > 0);
        known.alerts.retain(|alert| alert.expires_at().is_none());
    }
    output::write(&incidents::list(&known, &silences, now), None)?;
    Ok(Exit::NothingFailed)
}

pub(crate) async fn silence(args: &SilenceArgs) -> Result<Exit, CliError> {
    let store = open(args.table.as_deref()).await?;
    let matcher = matcher(args)?;
    if let Some(id) = &matcher.incident {
        let known = store.all(output::now()).await?;
        let alert = AlertId(id.clone());
        let named = known.incidents.iter().any(|one| one.id == *id || one.fingerprint.as_str() == id);
        if !named && !known.alerts.iter().any(|one| one.id == alert) {
            let unknown =
                anyhow::anyhow!("there is no incident `{id}`; `vpclink incidents --all` lists them");
            return Err(CliError::usage(unknown));
        }
    }
    let until = output::now().checked_add(args.duration)?;
    let silence = Silence { id: id_of(&matcher), matcher, until };
    add(&*store, &silence).await?;
    output::write(&incidents::silenced(&silence), None)?;
    Ok(Exit::NothingFailed)
}

pub(crate) async fn unsilence(args: &UnsilenceArgs) -> Result<Exit, CliError> {
    let store = open(args.table.as_deref()).await?;
    if !remove(&*store, &args.id).await? {
        let unknown =
            anyhow::anyhow!("there is no silence `{}`; `vpclink incidents` lists silences", args.id);
        return Err(CliError::usage(unknown));
    }
    output::write(&format!("`{}` is no longer muted: alerts go out again\n", args.id), None)?;
    Ok(Exit::NothingFailed)
}

fn matcher(args: &SilenceArgs) -> Result<Matcher, CliError> {
    let SilenceArgs { id: incident, api, stage, cause, .. } = args;
    let (incident, api, stage, cause) = (incident.clone(), api.clone(), stage.clone(), cause.clone());
    let matcher = Matcher { incident, api, stage, cause };
    if matcher.is_empty() {
        let nothing = anyhow::anyhow!("name what to silence: an incident's id, or --api, --stage, --cause");
        return Err(CliError::usage(nothing));
    }
    if let Some(slug) = matcher.cause.as_deref().filter(|slug| Cause::of_slug(slug).is_none()) {
        let unknown = anyhow::anyhow!("there is no cause `{slug}`; `vpclink causes` lists them");
        return Err(CliError::usage(unknown));
    }
    Ok(matcher)
}

/// The same for the same matcher, so that silencing again replaces the earlier silence.
fn id_of(matcher: &Matcher) -> String {
    let Matcher { incident, api, stage, cause } = matcher;
    let parts = [("", incident), ("api=", api), ("stage=", stage), ("cause=", cause)];
    let parts = parts.iter().filter_map(|(name, value)| Some(format!("{name}{}", value.as_ref()?)));
    parts.collect::<Vec<_>>().join(",")
}

async fn add(store: &dyn Store, silence: &Silence) -> anyhow::Result<()> {
    let now = output::now();
    let change = |mut known: Vec<Silence>| {
        known.retain(|other| other.id != silence.id && other.until > now);
        known.truncate(Silence::MOST - 1);
        known.push(silence.clone());
        known
    };
    store.change_silences(&change).await?;
    Ok(())
}

/// Takes a silence back; `false` where there was none. The next sweep publishes what it held back.
async fn remove(store: &dyn Store, id: &str) -> anyhow::Result<bool> {
    let meant = |silence: &Silence| silence.id == id || silence.matcher.incident.as_deref() == Some(id);
    let before = store.silences().await?;
    if !before.iter().any(meant) {
        return Ok(false);
    }
    let change = |known: Vec<Silence>| known.into_iter().filter(|silence| !meant(silence)).collect();
    store.change_silences(&change).await?;
    Ok(true)
}

#[cfg(feature = "live")]
async fn open(table: Option<&str>) -> Result<Box<dyn Store>, CliError> {
    use crate::aws::live::sdk_config;
    use crate::incidents::store::dynamodb::DynamoStore;
    let table = table.filter(|table| !table.is_empty()).ok_or_else(|| {
        CliError::usage(anyhow::anyhow!("name the table of incidents: --table NAME, or INCIDENT_TABLE"))
    })?;
    Ok(Box::new(DynamoStore::new(&sdk_config().await, table)))
}

#[cfg(not(feature = "live"))]
async fn open(_table: Option<&str>) -> Result<Box<dyn Store>, CliError> {
    Err(crate::cli::account::cannot_ask())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incidents::store::memory::MemoryStore;

    #[tokio::test]
    async fn a_silence_is_replaced_by_its_like_and_taken_back_by_its_id() {
        let (store, now) = (MemoryStore::default(), output::now());
        let matcher = Matcher { api: Some("a1b2c3d4e5".to_owned()), ..Matcher::default() };
        let until = now.checked_add(jiff::SignedDuration::from_hours(2)).unwrap();
        let silence = Silence { id: id_of(&matcher), matcher, until };
        assert_eq!(silence.id, "api=a1b2c3d4e5");
        add(&store, &silence).await.unwrap();
        add(&store, &silence).await.unwrap();
        assert_eq!(store.silences().await.unwrap(), std::slice::from_ref(&silence));
        assert!(!remove(&store, "api=another").await.unwrap());
        assert!(remove(&store, &silence.id).await.unwrap());
        assert_eq!(store.silences().await.unwrap(), []);
    }
}

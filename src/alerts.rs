//! Room `alerts`.

pub mod catalogue;
mod chat;
pub mod coverage;
mod email;
pub mod escape;
mod headline;
pub mod history;
pub mod html;
pub mod incidents;
mod links;
mod machine;
mod message;
pub mod permissions;
mod publish;
mod report;
mod sms;
#[cfg(feature = "live")]
pub mod sns;
pub mod stdout;
mod steps;
pub mod terminal;

pub use message::{Message, chat_body, email_body, html_page, machine_body, message};
pub use publish::{Publish, PublishError, Published};

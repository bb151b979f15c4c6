//! Room `alerts`: an alert, rendered for each reader and published.

pub mod catalogue;
mod chat;
pub mod coverage;
mod email;
pub mod escape;
pub mod history;
pub mod html;
pub mod incidents;
mod links;
mod machine;
mod message;
mod report;
#[cfg(feature = "live")]
pub mod sns;
mod steps;
pub mod terminal;
mod words;

pub use message::{
    Message, Publish, PublishError, Published, chat_body, check_document, check_page, email_body, html_page,
    machine_body, message,
};

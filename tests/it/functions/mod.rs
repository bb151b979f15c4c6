//! The real `vpclink-lambda`, under Lambda's Runtime API.

mod caretaker;
mod context;
mod responder;
mod several_payloads;
mod sources;

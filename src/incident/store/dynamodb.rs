//! Incidents in a DynamoDB table that all containers share.
//!
//! Counting is one update without a reading before it, so that a hundred containers never wait for one another; what has to
//! be won (a lease, a page, an opening) is won by a condition. Besides incidents the table holds a failure of each
//! (`…#example`) and the silences.
//!
//! An update costs a write unit for each kilobyte of the item, and an item takes a thousand units a second:
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>

mod example;
mod item;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure,
};
use aws_types::SdkConfig;
use jiff::Timestamp;

use super::{Settled, Store, StoreError, Stored};
use crate::classify::Diagnosis;
use crate::incident::{DeliveryId, Fingerprint, Incident, Lease, News, Silence};
use item::{Update, number, text};

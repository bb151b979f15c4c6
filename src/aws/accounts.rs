//! The port to an account, and which account is asked about which failure: the function's own, or the one that owns the logs.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::aws::queries::{Answer, Query};
use crate::aws::reading::ReadError;
use crate::ids::{AccountId, Arn};

/// An answer and when it was given, or why there is none.
pub type Answered = Result<(Answer, Timestamp), ReadError>;

/// An AWS account that can be read: AWS itself, or a recorded account that ships with the product.
#[async_trait]
pub trait Account: Send + Sync {
    /// Asks one query. Retries, pages and partitions are the implementer's business; the deadline is the caller's.
    async fn ask(&self, query: &Query) -> Answered;
}

/// Opens the account with this number.
pub type Open = Box<dyn Fn(&AccountId) -> Arc<dyn Account> + Send + Sync>;

/// Accounts kept open at most; beyond it all are closed, which costs a few calls and bounds the memory.
const MOST: usize = 32;

/// The accounts that can be asked. A central function takes the logs of many; each is read in the account that owns it.
pub struct Accounts {
    own: Arc<dyn Account>,
    own_id: OnceLock<AccountId>,
    open: Option<Open>,
    opened: Mutex<HashMap<AccountId, Arc<dyn Account>>>,
}

impl Accounts {
    /// The function's own account, and a way to open others, where there is one.
    pub fn new(own: Arc<dyn Account>, open: Option<Open>) -> Self {
        Self { own, own_id: OnceLock::new(), open, opened: Mutex::default() }
    }

    /// Notes which account is the function's own; Lambda says so with each invocation. Without it, every account is its own.
    pub fn set_own_account(&self, function: &str) {
        if let Some(account) = Arn::new(function).account() {
            self.own_id.get_or_init(|| account);
        }
    }

    /// The account to ask about logs of this owner.
    pub fn of(&self, owner: Option<&AccountId>) -> Arc<dyn Account> {
        let Some(owner) = owner.filter(|owner| self.own_id.get().is_some_and(|own| own != *owner)) else {
            return Arc::clone(&self.own);
        };
        let Some(open) = &self.open else { return Arc::new(Unopened(owner.clone())) };
        // A panic elsewhere leaves whole accounts behind.
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.len() >= MOST {
            opened.clear();
        }
        Arc::clone(opened.entry(owner.clone()).or_insert_with(|| open(owner)))
    }
}

/// Another account that there is no way into. Asking one's own about its ids would find them missing, and be wrong.
struct Unopened(AccountId);

#[async_trait]
impl Account for Unopened {
    async fn ask(&self, _: &Query) -> Answered {
        let why =
            format!("the logs are account {}'s, and READ_ROLE_NAME names no role to read there", self.0);
        Err(ReadError::NotAsked(why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::recorded::RecordedAccount;

    fn accounts(open: Option<Open>) -> Accounts {
        let accounts = Accounts::new(Arc::new(RecordedAccount::default()), open);
        accounts.set_own_account("arn:aws:lambda:eu-west-1:111122223333:function:responder");
        accounts
    }

    fn is_own(accounts: &Accounts, owner: Option<&str>) -> bool {
        Arc::ptr_eq(&accounts.of(owner.map(AccountId::new).as_ref()), &accounts.own)
    }

    #[test]
    fn only_anothers_logs_lead_to_another_account() {
        let accounts = accounts(None);
        assert!(is_own(&accounts, None) && is_own(&accounts, Some("111122223333")));
        assert!(!is_own(&accounts, Some("444455556666")));
        assert!(is_own(&Accounts::new(Arc::new(RecordedAccount::default()), None), Some("444455556666")));
    }

    #[test]
    fn each_account_is_opened_once_and_not_without_bound() {
        let accounts = accounts(Some(Box::new(|_| Arc::new(RecordedAccount::default()))));
        let other = AccountId::new("444455556666");
        assert!(Arc::ptr_eq(&accounts.of(Some(&other)), &accounts.of(Some(&other))));
        for number in 0..1000 {
            accounts.of(Some(&AccountId::new(format!("{number:012}"))));
        }
        assert!(accounts.opened.lock().unwrap().len() <= MOST);
    }
}

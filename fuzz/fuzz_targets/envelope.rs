//! Any payload, as Lambda hands it over and as a person saved it, through all rooms that read text.

#![no_main]

use vpclink_responder::{causes, logs};
use vpclink_responder::logs::delivered;

use libfuzzer_sys::fuzz_target;
use vpclink_responder::logs::{correlate, pasted};

const MAX_BYTES: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    for opened in [logs::open(bytes, MAX_BYTES), logs::open_saved(bytes, MAX_BYTES)] {
        for record in opened.into_iter().flatten() {
            let Ok(Some(batch)) = record.read() else { continue };
            pasted(&batch).as_ref().and_then(causes::classify_pasted);
            let Ok(batches) = delivered::unpack(batch) else { continue };
            for execution in correlate(&batches) {
                let found = causes::classify(&execution);
                assert_eq!(found.is_some(), execution.is_failed(), "every failure has a diagnosis");
            }
        }
    }
});

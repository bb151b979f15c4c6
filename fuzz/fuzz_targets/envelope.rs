//! Any payload, as Lambda hands it over and as a person saved it, through all rooms that read text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vpclink_responder::classify;
use vpclink_responder::correlate::{correlate, pasted};
use vpclink_responder::decode::{self, Document, delivered};

const MAX_BYTES: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    for opened in [decode::open(bytes, MAX_BYTES), decode::open_saved(bytes, MAX_BYTES)] {
        for parcel in opened.into_iter().flatten() {
            let Ok(Document::Logs(batch)) = parcel.read() else { continue };
            pasted(&batch).as_ref().and_then(classify::classify_pasted);
            let batches = delivered::unpack(batch);
            for execution in correlate(&batches) {
                let found = classify::classify(&execution);
                assert_eq!(found.is_some(), execution.is_failed(), "every failure has a diagnosis");
            }
        }
    }
});

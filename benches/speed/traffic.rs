//! Execution logs as a busy API with data trace writes them, the same for the same seed.

use std::fmt::Write as _;
use std::io::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

/// What the generated API is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traffic {
    /// Requests in the batch.
    pub(crate) requests: usize,
    /// How many in a hundred of them fail, in one of the [`FAILURES`].
    pub(crate) failing: usize,
    /// Bytes of each logged body: a client's and a backend's.
    pub(crate) body: usize,
    /// Requests under way at a time, whose lines interleave.
    pub(crate) interleaved: usize,
    /// Everything random follows from it.
    pub(crate) seed: u64,
}

/// 8,784 events, 2.4 MB, 2 % failing: what the figures of `docs/performance.md` are about.
pub(crate) const ORDINARY: Traffic =
    Traffic { requests: 400, failing: 2, body: 170, interleaved: 12, seed: 8 };

/// How requests fail, in turn.
const FAILURES: [&str; 4] = [
    "Execution failed due to configuration error: There was an internal error while executing your request",
    "Execution failed due to a timeout error",
    "Execution failed due to configuration error: Host name 'orders.internal.example.com' does not match the certificate subject provided by the peer (CN=*.example.org)",
    "Execution failed due to an internal error",
];

impl Traffic {
    /// The document that CloudWatch Logs packs, and how many events it holds.
    pub(crate) fn document(self) -> (Vec<u8>, usize) {
        let mut dice = Dice::of(self.seed, 0);
        // Dice of its own for each request, so that its text does not depend on its neighbours.
        let request = |number| self.request(number, &mut Dice::of(self.seed, number + 1)).into_iter();
        let mut waiting = (0..self.requests).map(request);
        let mut open: Vec<std::vec::IntoIter<String>> =
            waiting.by_ref().take(self.interleaved.max(1)).collect();
        let mut document = HEAD.to_owned();
        let (mut at, mut events) = (1_772_446_530_000_u64, 0_usize);
        while !open.is_empty() {
            let place = dice.below(open.len());
            let Some(message) = open[place].next() else {
                open.swap_remove(place);
                open.extend(waiting.next());
                continue;
            };
            at += u64::from(dice.below(4) == 0);
            let comma = if events == 0 { "" } else { "," };
            let message = serde_json::Value::String(message);
            write!(
                document,
                r#"{comma}{{"id":"3971{:014}{:038}","timestamp":{at},"message":{message}}}"#,
                at * 1000,
                dice.number()
            )
            .expect("a text takes all");
            events += 1;
        }
        document.push_str("]}");
        (document.into_bytes(), events)
    }

    /// All lines of one request.
    fn request(self, number: usize, dice: &mut Dice) -> Vec<String> {
        let fails = number * self.failing % 100 + self.failing >= 100;
        let id = dice.uuid();
        let (order, host) = (dice.below(100_000), "orders.internal.example.com:8443");
        let trace = format!("Root=1-69a562f2-{}", dice.hex(24));
        let headers = format!(
            "{{Accept=application/json, User-Agent=Mozilla/5.0, Cookie=session={}, X-Forwarded-For=203.0.113.{}, Host=a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com, X-Amzn-Trace-Id={trace}, Authorization=******************************************{}}}",
            dice.word(32),
            dice.below(256),
            dice.hex(6),
        );
        let (asked, answered) = (self.json(dice), self.json(dice));
        let mut lines = vec![
            format!("Extended Request Id: {}=", dice.hex(15)),
            format!("Verifying Usage Plan for request: {id}. API Key:  API Stage: a1b2c3d4e5/prod"),
            format!(
                "API Key authorized because method 'POST /orders/{{id}}' does not require API Key. Request will not contribute to throttle or quota limits"
            ),
            "Usage Plan check succeeded for API Key  and API Stage a1b2c3d4e5/prod".to_owned(),
            format!("Starting execution for request: {id}"),
            format!("HTTP Method: POST, Resource Path: /orders/{order}"),
            format!("Method request path: {{id={order}}}"),
            format!("Method request query string: {{page={}}}", dice.below(40)),
            format!("Method request headers: {headers}"),
            format!("Method request body before transformations: {asked}"),
            format!("Endpoint request URI: https://{host}/orders/{order}"),
            format!("Endpoint request headers: {headers}"),
            format!("Endpoint request body after transformations: {asked}"),
            format!("Sending request to https://{host}/orders/{order}"),
        ];
        if fails {
            lines.push(FAILURES[number / 7 % FAILURES.len()].to_owned());
            lines.push("Gateway response type: DEFAULT_5XX with status code: 500".to_owned());
            lines.push(r#"Gateway response body: {"message": "Internal server error"}"#.to_owned());
            lines.push("Gateway response headers: {Access-Control-Allow-Origin=*}".to_owned());
            lines.push("Method completed with status: 500".to_owned());
        } else {
            lines.push(format!(
                "Received response. Status: 200, Integration latency: {} ms",
                5 + dice.below(400)
            ));
            lines.push(format!("Endpoint response headers: {{Date=Mon, 02 Mar 2026 10:15:30 GMT, Content-Type=application/json, Content-Length={}, Connection=keep-alive, ETag=W/\"{}\"}}", answered.len(), dice.hex(12)));
            lines.push(format!("Endpoint response body before transformations: {answered}"));
            lines.push(format!("Method response body after transformations: {answered}"));
            lines.push(format!(
                "Method response headers: {{Content-Type=application/json, X-Amzn-Trace-Id={trace}}}"
            ));
            lines.push("Successfully completed execution".to_owned());
            lines.push("Method completed with status: 200".to_owned());
        }
        lines.push(format!("AWS Integration Endpoint RequestId : {}", dice.uuid()));
        lines.into_iter().map(|line| format!("({id}) {line}")).collect()
    }

    /// A body of about the size asked for.
    fn json(self, dice: &mut Dice) -> String {
        let mut body = String::from("{\"items\":[");
        while body.len() < self.body {
            let comma = if body.ends_with('[') { "" } else { "," };
            write!(
                body,
                "{comma}{{\"sku\":\"{}\",\"quantity\":{},\"price\":\"{}.{:02}\",\"note\":\"gr\u{fc}n, size {}\"}}",
                dice.word(11),
                dice.below(9) + 1,
                dice.below(500),
                dice.below(100),
                dice.below(60),
            )
            .expect("a text takes all");
        }
        body.push_str("]}");
        body
    }
}

const HEAD: &str = r#"{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"API-Gateway-Execution-Logs_a1b2c3d4e5/prod","logStream":"0f1e2d3c4b5a69788796a5b4c3d2e1f0","subscriptionFilters":["vpclink-responder"],"logEvents":["#;

/// The event that Lambda hands over for a document.
pub(crate) fn payload(document: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(document).expect("a vector takes all");
    let packed = gzip.finish().expect("a vector takes all");
    format!(r#"{{"awslogs":{{"data":"{}"}}}}"#, STANDARD.encode(packed)).into_bytes()
}

/// Marsaglia's xorshift with a multiplier: no dependency, and the same numbers everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn of(seed: u64, number: usize) -> Self {
        let mut dice = Self((seed ^ (number as u64) << 20).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        dice.next();
        dice
    }

    /// Of up to 38 digits, as the end of an event's id.
    fn number(&mut self) -> u128 {
        u128::from(self.next()) << 60 | u128::from(self.next() >> 4)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 16) as usize % end
    }

    fn hex(&mut self, digits: usize) -> String {
        (0..digits).map(|_| char::from(b"0123456789abcdef"[self.below(16)])).collect()
    }

    fn word(&mut self, letters: usize) -> String {
        const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        (0..letters).map(|_| char::from(LETTERS[self.below(62)])).collect()
    }

    fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|digits| self.hex(digits)).join("-")
    }
}

//! Programs that follow links before people do: they are answered, counted apart, and no journey goes by them.

use anyhow::{Context, Result, ensure};
use domain::names::{AudienceName, CustomerId};
use domain::time::DAY;
use reqwest::{Method, StatusCode};
use tests::customers::BROWSER;
use tests::shop::{Opening, Shop, alone};

use crate::world::{MORNING, lapsed_shop_of};

const CLICKED: &str = "journey:
  name: clicking
  purpose: marketing
  enter: { segment: lapsed }
  reentry: never
  steps:
    - sms:
        name: hello
        text: \"{{ sender }} {{ links.shop }} {{ optout }}\"
        links: { shop: \"https://shop.example.jp/\" }
    - wait_for:
        when: { clicked: hello }
        within: 2d
        then: [{ add_to_audience: interested }]
        otherwise: [{ add_to_audience: silent }]
";

async fn ask(shop: &Shop, method: Method, path: &str, headers: &[(&str, &str)]) -> Result<StatusCode> {
    let mut request = shop.http.request(method, format!("{}{path}", shop.stack.base_url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Ok(request.send().await?.status())
}

async fn is_in(shop: &Shop, customer: &str, audience: &str) -> Result<bool> {
    let stored = shop.table.customer(&CustomerId::parse(customer)?).await?.context("the customer")?;
    Ok(stored.customer.in_audience(&AudienceName::parse(audience)?))
}

#[test]
fn no_program_advances_a_journey_and_a_person_does() -> Result<()> {
    alone(async {
        let mut shop = lapsed_shop_of(Opening::at(MORNING), 2, CLICKED).await?;
        let accepted = shop.accepted()?;
        let path = |index: usize| format!("/l/{}", accepted[index].reference);
        // At the speed of a data centre: a browser's name, and no time since the message left.
        ensure!(ask(&shop, Method::GET, &path(0), &[("user-agent", BROWSER)]).await? == StatusCode::FOUND);
        shop.pass(600).await?;
        let crawler = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
        let programs: [(Method, &[(&str, &str)]); 8] = [
            (Method::HEAD, &[("user-agent", BROWSER)]),
            (Method::GET, &[]),
            (Method::GET, &[("user-agent", crawler)]),
            (Method::GET, &[("user-agent", "facebookexternalhit/1.1;line-poker/1.0")]),
            (Method::GET, &[("user-agent", BROWSER), ("sec-purpose", "prefetch;prerender")]),
            (Method::GET, &[("user-agent", BROWSER), ("purpose", "prefetch")]),
            (Method::GET, &[("user-agent", BROWSER), ("x-moz", "prefetch")]),
            (Method::GET, &[("user-agent", BROWSER), ("x-purpose", "preview")]),
        ];
        for (method, headers) in programs {
            let status = ask(&shop, method, &path(0), headers).await?;
            ensure!(status == StatusCode::FOUND, "{headers:?}: {status}");
        }
        ensure!(ask(&shop, Method::GET, &path(1), &[("user-agent", BROWSER)]).await? == StatusCode::FOUND);
        shop.pass(3 * DAY).await?;
        let (whose, others) =
            if accepted[0].to.ends_with('0') { ("c00000", "c00001") } else { ("c00001", "c00000") };
        ensure!(is_in(&shop, whose, "silent").await? && !is_in(&shop, whose, "interested").await?);
        ensure!(is_in(&shop, others, "interested").await? && !is_in(&shop, others, "silent").await?);
        let report = shop.report("clicking").await?;
        ensure!(report.total.clicked == 1, "{report:?}");
        Ok(())
    })
}

#[test]
fn whoever_tries_codes_out_is_stopped_and_others_are_not() -> Result<()> {
    alone(async {
        let shop = lapsed_shop_of(Opening::at(MORNING), 1, CLICKED).await?;
        let message = shop.accepted()?.pop().context("a message")?;
        let reads = |shop: &Shop| shop.used().0.get("link").map_or(0, local::meter::Counts::dynamodb_calls);
        for number in 0..30 {
            let guess = format!("/l/Guess{number:07}");
            ensure!(
                ask(&shop, Method::GET, &guess, &[("user-agent", BROWSER)]).await? == StatusCode::NOT_FOUND
            );
        }
        let before = reads(&shop);
        for path in ["/l/Guess0000031".to_owned(), format!("/o/{}", message.reference)] {
            let status = ask(&shop, Method::GET, &path, &[("x-forwarded-for", "198.51.100.1")]).await?;
            ensure!(status == StatusCode::TOO_MANY_REQUESTS, "{path}: {status}");
        }
        ensure!(reads(&shop) == before, "a guess read the table");
        shop.clock.set(MORNING.plus(61));
        let status = ask(&shop, Method::GET, &format!("/o/{}", message.reference), &[]).await?;
        ensure!(status == StatusCode::OK, "a minute later: {status}");
        Ok(())
    })
}

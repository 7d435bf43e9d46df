use insta::assert_snapshot;

use super::tale::Shop;

const APPLIED: [(&str, &str); 1] = [("application_id", "7")];
const AT: &str = "2026-02-12T14:00:00+09:00";
const AGAIN: [(&str, &str); 2] = [("interview_id", "7-2"), ("interview_at", "2026-02-18T16:30:00+09:00")];
const BOOKED: [(&str, &str); 2] = [("interview_id", "7-1"), ("interview_at", AT)];

#[test]
fn from_the_application_to_the_day_before() {
    let shop = Shop::of("interview");
    let mut hana = shop.person(&[]);
    hana.tells("2026-02-03 12:00", "Application Received", &APPLIED);
    hana.becomes("2026-02-05 20:00", "interview_at", AT);
    hana.tells("2026-02-05 20:00", "Interview Booked", &BOOKED);
    hana.tells("2026-02-12 17:30", "Interview Passed", &[("interview_id", "7-1")]).until("2026-06-01 00:00");
    assert_snapshot!(hana.told, @"
    2026-02-03 Tue 12:00  enters interview-booking
    2026-02-03 Tue 12:00  choose → +819012345678 (2 parts): つなぎ商店です。ご応募ありがとうございます。面接の日程をお選びください https://t.example.jp/l/…
    2026-02-05 Thu 10:00  choose-again → hana@example.jp: 「面接の日程をお選びください」花様⏎⏎つなぎ商店です。面接の日程をこちらからお選びください。⏎https://t.example.jp/l/…
    2026-02-05 Thu 20:00  enters interview-booked
    2026-02-05 Thu 20:00  ends interview-booking: goal reached
    2026-02-05 Thu 20:00  booked → +819012345678 (2 parts): つなぎ商店です。面接は2月12日(木)14:00からです。変更はこちら https://t.example.jp/l/…
    2026-02-05 Thu 20:01  ends interview-booked: all steps taken
    2026-02-11 Wed 18:00  enters interview-reminder
    2026-02-11 Wed 18:00  reminder → +819012345678 (1 part): つなぎ商店です。明日14:00から面接です。変更はこちら https://t.example.jp/l/…
    2026-02-11 Wed 18:01  ends interview-reminder: all steps taken
    2026-02-12 Thu 17:30  enters interview-next
    2026-02-13 Fri 10:00  invitation → +819012345678 (1 part): つなぎ商店です。次の面接にお進みいただけます。日程をお選びください https://t.example.jp/l/…
    2026-02-16 Mon 10:00  again → hana@example.jp: 「次の面接の日程をお選びください」花様⏎⏎つなぎ商店です。次の面接の日程をこちらからお選びください。⏎https://t.example.jp/l/…
    2026-03-02 Mon 10:01  ends interview-next: all steps taken
    ");
    assert_eq!(hana.got()[3], "2026-02-11 Wed 18:00 reminder");
    let mut emma = shop.person(&[("name", "Emma"), ("language", "en")]);
    emma.tells("2026-02-03 12:00", "Application Received", &APPLIED);
    emma.becomes("2026-02-03 20:00", "interview_at", AT);
    emma.tells("2026-02-03 20:00", "Interview Booked", &BOOKED);
    emma.tells("2026-02-12 17:30", "Interview Passed", &[("interview_id", "7-1")]);
    emma.tells("2026-02-14 12:00", "Interview Booked", &AGAIN);
    emma.until("2026-06-01 00:00");
    assert_snapshot!(emma.told, @"
    2026-02-03 Tue 12:00  enters interview-booking
    2026-02-03 Tue 12:00  choose → +819012345678 (2 parts): つなぎ商店: thank you for applying. Choose a day for your interview: https://t.example.jp/l/…
    2026-02-03 Tue 20:00  enters interview-booked
    2026-02-03 Tue 20:00  ends interview-booking: goal reached
    2026-02-03 Tue 20:00  booked → +819012345678 (2 parts): つなぎ商店: your interview is on Thu 12 Feb at 14:00. To reschedule: https://t.example.jp/l/…
    2026-02-03 Tue 20:01  ends interview-booked: all steps taken
    2026-02-11 Wed 18:00  enters interview-reminder
    2026-02-11 Wed 18:00  reminder → +819012345678 (2 parts): つなぎ商店: your interview is tomorrow at 14:00. To reschedule: https://t.example.jp/l/…
    2026-02-11 Wed 18:01  ends interview-reminder: all steps taken
    2026-02-12 Thu 17:30  enters interview-next
    2026-02-13 Fri 10:00  invitation → +819012345678 (2 parts): つなぎ商店: we would like to meet you again. Choose a day: https://t.example.jp/l/…
    2026-02-14 Sat 12:00  enters interview-booked
    2026-02-14 Sat 12:00  ends interview-next: goal reached
    2026-02-14 Sat 12:00  booked → +819012345678 (2 parts): つなぎ商店: your interview is on Wed 18 Feb at 16:30. To reschedule: https://t.example.jp/l/…
    2026-02-14 Sat 12:01  ends interview-booked: all steps taken
    ");
}

#[test]
fn a_date_that_moves() {
    let shop = Shop::of("interview");
    let mut earlier = shop.person(&[]);
    earlier.becomes("2026-02-03 20:00", "interview_at", AT);
    earlier
        .becomes("2026-02-06 20:00", "interview_at", "2026-02-10T09:30:00+09:00")
        .until("2026-06-01 00:00");
    assert_snapshot!(earlier.told, @"
    2026-02-09 Mon 18:00  enters interview-reminder
    2026-02-09 Mon 18:00  reminder → +819012345678 (1 part): つなぎ商店です。明日9:30から面接です。変更はこちら https://t.example.jp/l/…
    2026-02-09 Mon 18:01  ends interview-reminder: all steps taken
    ");
    assert_eq!(earlier.got(), ["2026-02-09 Mon 18:00 reminder"]);
    // By the link of the reminder itself: the day before the other day there is another.
    let mut later = shop.person(&[]);
    later.becomes("2026-02-03 20:00", "interview_at", AT);
    later.becomes("2026-02-11 18:05", "interview_at", "2026-02-20T14:00:00+09:00").until("2026-06-01 00:00");
    assert_snapshot!(later.told, @"
    2026-02-11 Wed 18:00  enters interview-reminder
    2026-02-11 Wed 18:00  reminder → +819012345678 (1 part): つなぎ商店です。明日14:00から面接です。変更はこちら https://t.example.jp/l/…
    2026-02-11 Wed 18:01  ends interview-reminder: all steps taken
    2026-02-19 Thu 18:00  enters interview-reminder
    2026-02-19 Thu 18:00  reminder → +819012345678 (1 part): つなぎ商店です。明日14:00から面接です。変更はこちら https://t.example.jp/l/…
    2026-02-19 Thu 18:01  ends interview-reminder: all steps taken
    ");
    assert_eq!(later.got(), ["2026-02-11 Wed 18:00 reminder", "2026-02-19 Thu 18:00 reminder"]);
    // It lay in the sender's queue while the date was moved: what it says is no longer so.
    let mut queued = shop.person(&[]);
    queued.queued_minutes = 10;
    queued.becomes("2026-02-03 20:00", "interview_at", AT);
    queued.becomes("2026-02-11 18:05", "interview_at", "2026-02-20T14:00:00+09:00").until("2026-02-15 00:00");
    assert_snapshot!(queued.told, @"
    2026-02-11 Wed 18:00  enters interview-reminder
    2026-02-11 Wed 18:05  ends interview-reminder: its date was moved or taken away
    2026-02-11 Wed 18:10  reminder does not leave: journey ended before sending
    ");
    assert_eq!(queued.got(), [""; 0]);
    let mut called_off = shop.person(&[]);
    called_off.becomes("2026-02-03 20:00", "interview_at", AT);
    called_off.becomes("2026-02-06 20:00", "interview_at", "").until("2026-06-01 00:00");
    assert_eq!(called_off.told, "");
}

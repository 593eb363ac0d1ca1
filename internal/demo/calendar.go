package demo

import "time"

// Zone is where the demo brand does business.
var Zone = func() *time.Location {
	z, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return time.FixedZone("CST", 8*3600) // a bare machine without tzdata; China keeps no daylight saving
	}
	return z
}()

// midnight returns the start of the business day that holds t.
func midnight(t time.Time) time.Time {
	y, m, d := t.In(Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, Zone)
}

// dayNumber counts business days since 1970, so that a day's chance is the same whoever asks.
func dayNumber(t time.Time) int {
	_, offset := t.In(Zone).Zone()
	return int((t.Unix() + int64(offset)) / 86400)
}

// season says how much busier than usual a business day is, for someone who does not look at prices (calm) and for
// someone who looks at nothing else (keen), and the share of the list price that is asked that day.
func season(day time.Time) (calm, keen, price float64) {
	calm, keen, price = 1, 0.85, 1
	_, m, d := day.In(Zone).Date()
	switch {
	case m == time.June && d >= 15 && d <= 18: // 618
		calm, keen, price = 1.6, 5, 0.78
	case m == time.June && d < 15:
		calm, keen, price = 1.1, 1.3, 0.9
	case m == time.June && d <= 28:
		calm, keen = 0.8, 0.55
	case m == time.November && (d <= 3 || d >= 9 && d <= 11): // 双11, both waves
		calm, keen, price = 1.8, 5.5, 0.75
	case m == time.November && d < 9:
		calm, keen, price = 1.1, 1.4, 0.9
	case m == time.November && d <= 24:
		calm, keen = 0.75, 0.5
	case m == time.December && (d == 11 || d == 12):
		calm, keen, price = 1.3, 2.4, 0.85
	case m == time.January && d >= 5 && d <= 20: // 年货节
		calm, keen, price = 1.15, 1.6, 0.88
	case m == time.March && d >= 5 && d <= 8:
		calm, keen, price = 1.2, 1.9, 0.85
	}
	if wd := day.In(Zone).Weekday(); wd == time.Saturday || wd == time.Sunday {
		calm, keen = calm*1.15, keen*1.15
	}
	return calm, keen, price
}

// hours weighs the hours of a day by how many people are at their phones.
var hours = [24]float64{2, 1, 0, 0, 0, 0, 1, 3, 5, 6, 7, 7, 8, 7, 6, 6, 6, 6, 7, 9, 11, 12, 9, 5}

// moment draws an instant of the day after the fraction of it that is already gone.
func moment(day time.Time, r *dice, gone float64) time.Time {
	total := 0.0
	for h, w := range hours {
		if float64(h+1)/24 > gone {
			total += w
		}
	}
	at := r.float() * total
	for h, w := range hours {
		if float64(h+1)/24 <= gone {
			continue
		}
		if at < w {
			from := max(float64(h)/24, gone)
			frac := from + (float64(h+1)/24-from)*r.float()
			return day.Add(time.Duration(frac * 86400e9)).Truncate(time.Second)
		}
		at -= w
	}
	return day.Add(24*time.Hour - time.Second)
}

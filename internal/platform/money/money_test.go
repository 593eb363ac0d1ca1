package money

import "testing"

func TestTimes(t *testing.T) {
	for _, c := range []struct {
		price, quantity string
		want            Fen
		bad             bool
	}{
		{"2.55", "6", 1530, false},
		{"0.001", "5", 1, false}, // 0.5 fen goes up
		{"0.001", "4", 0, false},
		{"-0.005", "1", -1, false}, // away from zero
		{"1234.5", "1", 123450, false},
		{"1e9", "1", 0, true},
		{"--1", "1", 0, true},
		{"", "1", 0, true},
		{".", "1", 0, true},
		{"99999999999999999999", "1", 0, true},
	} {
		got, err := Times(c.price, c.quantity)
		if (err != nil) != c.bad || got != c.want {
			t.Errorf("Times(%q, %q) = %d, %v; want %d, bad %v", c.price, c.quantity, got, err, c.want, c.bad)
		}
	}
}

func TestFormat(t *testing.T) {
	for f, want := range map[Fen]string{0: "0.00", 5: "0.05", -123450: "-1234.50"} {
		if got := Format(f); got != want {
			t.Errorf("Format(%d) = %q, want %q", f, got, want)
		}
	}
}

package money

import "math/bits"

// Share returns amount × part ÷ whole, rounded down, exactly. All are ≥ 0, part is at most whole; 0 of a whole of 0.
func Share(amount Fen, part, whole int64) Fen {
	if whole <= 0 || amount <= 0 || part <= 0 {
		return 0
	}
	if part >= whole {
		return amount
	}
	high, low := bits.Mul64(uint64(amount), uint64(part))
	share, _ := bits.Div64(high, low, uint64(whole)) // high < whole, because part < whole
	return Fen(share)
}

package money_test

import (
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"huoshui/internal/platform/money"
)

func TestShare(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		amount := rapid.Int64Range(0, 1<<62).Draw(rt, "amount")
		whole := rapid.Int64Range(0, 1<<62).Draw(rt, "whole")
		part := rapid.Int64Range(0, whole).Draw(rt, "part")
		want := new(big.Int)
		if whole > 0 {
			want.Mul(big.NewInt(amount), big.NewInt(part)).Quo(want, big.NewInt(whole))
		}
		if got := money.Share(amount, part, whole); !want.IsInt64() || got != want.Int64() {
			rt.Errorf("Share(%d, %d, %d) = %d, want %s", amount, part, whole, got, want)
		}
	})
}

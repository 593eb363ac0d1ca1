// Package money keeps amounts as integer fen; nothing here touches floating point.
package money

import (
	"fmt"
	"math/big"
	"strings"
)

// Fen is an amount in the smallest unit, 1/100 yuan.
type Fen = int64

// Parse reads a decimal amount of yuan ("1234.5", "-0.005") into fen, half up (away from zero), exactly.
func Parse(s string) (Fen, error) {
	return Times(s, "1")
}

// Times multiplies a decimal price by a decimal quantity and rounds the product once to fen, half up (away from zero).
func Times(price, quantity string) (Fen, error) {
	p, ok := decimal(price)
	if !ok {
		return 0, fmt.Errorf("%q is not an amount", price)
	}
	q, ok := decimal(quantity)
	if !ok {
		return 0, fmt.Errorf("%q is not a quantity", quantity)
	}
	p.Mul(p, q).Mul(p, big.NewRat(100, 1))
	return round(p)
}

func decimal(s string) (*big.Rat, bool) {
	s = strings.TrimSpace(s)
	digits := strings.TrimLeft(s, "+-")
	if digits == "" || len(s) > 40 || len(s)-len(digits) > 1 || strings.Trim(digits, "0123456789.") != "" || strings.Count(digits, ".") > 1 || digits == "." {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func round(r *big.Rat) (Fen, error) {
	num, den := new(big.Int).Abs(r.Num()), r.Denom()
	num.Lsh(num, 1).Add(num, den)
	num.Quo(num, new(big.Int).Lsh(den, 1))
	if !num.IsInt64() || num.Int64() > 1<<53 {
		return 0, fmt.Errorf("amount is too large")
	}
	if r.Sign() < 0 {
		return -num.Int64(), nil
	}
	return num.Int64(), nil
}

// Format writes fen as yuan with two decimals and no separators: "1234.50".
func Format(f Fen) string {
	sign := ""
	if f < 0 {
		sign, f = "-", -f
	}
	return fmt.Sprintf("%s%d.%02d", sign, f/100, f%100)
}

// Package experiment decides by chance who is held out, and says honestly what being reached changed: intervals for
// differences of proportions and means, a check of the split itself, how many more people are needed, and a verdict
// that may be "cannot tell yet". It is pure: no I/O, no clock, no randomness of its own.
package experiment

import (
	"crypto/sha256"
	"encoding/binary"
)

// Arm is the side of an experiment a person is on.
type Arm string

// The two arms of a campaign.
const (
	Reach   Arm = "reach"   // is to be reached, whatever policy or a bounced address makes of it later
	Holdout Arm = "holdout" // is left alone, so that there is something to compare with
)

// Assign puts a customer on an arm. holdoutPct is the expected share held out, in per cent (10 means one in ten; at or
// below 0 nobody, at or above 100 everybody). The same salt and customer always give the same arm; another salt gives
// an independent draw; and raising holdoutPct only moves people from reach to holdout, never back. The salt is the id
// of what is being tested: a campaign, or a strategy that must hold the same people out in every campaign.
//
// The draw is the first 53 bits of SHA-256(salt, 0, customer) read as a number in [0, 1).
func Assign(salt string, customer uint32, holdoutPct float64) Arm {
	if draw(salt, customer)*100 < holdoutPct {
		return Holdout
	}
	return Reach
}

func draw(salt string, customer uint32) float64 {
	buf := make([]byte, 0, 64)
	buf = append(buf, salt...)
	buf = append(buf, 0)
	buf = binary.BigEndian.AppendUint32(buf, customer)
	sum := sha256.Sum256(buf)
	return float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
}

package identity

import (
	"context"
	"time"

	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
)

// Effect is what rules come to with what is known today.
type Effect struct {
	Customers int64 `json:"customers"`
	Complete  int64 `json:"complete" doc:"Customers with a complete profile"`
	Devices   int64 `json:"devices" doc:"Devices seen with more customers than the limit: they are used for nobody from their next sighting on"`
	Keys      int64 `json:"keys" doc:"Keys claimed by more accounts than the limit: each is a question for a person at its next sighting"`
	Merged    int64 `json:"merged" doc:"Customers merged by keys alone in the last 30 days: without automatic merging, so many questions"`
}

// effectDays is how far Effect looks back for merges.
const effectDays = 30

// Preview tells what rules would come to, changing nothing.
func (s *Service) Preview(ctx context.Context, r Rules) (Effect, error) {
	var out Effect
	if err := r.check(); err != nil {
		return out, err
	}
	rows, err := s.groups(ctx, append(KeyKinds(), customer.KeyDevice), r.Complete)
	if err != nil {
		return out, err
	}
	for _, row := range rows {
		out.Customers += row.N
		out.Complete += row.Complete * row.N
	}
	for _, q := range []struct {
		sql string
		arg any
		to  *int64
	}{
		{`SELECT COUNT(*) FROM (SELECT d.value FROM identity_devices d JOIN customers c ON c.number = d.customer
			WHERE c.merged_into IS NULL GROUP BY d.value HAVING COUNT(*) > ?) many`, int64(r.SharedDevice), &out.Devices},
		{`SELECT COUNT(*) FROM (SELECT kind, value FROM identity_claims GROUP BY kind, value HAVING COUNT(*) >= ?) many`, int64(r.SharedKey), &out.Keys}, // the owner's own account is one more
		{`SELECT COUNT(*) FROM identity_merges WHERE cause = 'keys' AND merged_at >= ?`, s.now().Add(-effectDays * 24 * time.Hour), &out.Merged},
	} {
		if *q.to, err = store.One[int64](ctx, s.db, q.sql, q.arg); err != nil {
			return out, err
		}
	}
	return out, nil
}

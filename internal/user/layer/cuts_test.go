package layer

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"huoshui/internal/platform/money"
)

func TestSelectRanksIsWhatSortingFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{1, 5, 4096, 4097, 20_000}).Draw(t, "n")
		spread := rapid.SampledFrom([]int64{1, 3, 1000, 1 << 20, 1 << 45}).Draw(t, "spread")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		values := make([]int64, n)
		for i := range values { // long-tailed, as money is
			values[i] = int64(float64(spread)*math.Pow(random.Float64(), 6)) - spread/8
		}
		ranks := []int{0, n - 1, n / 2, n / 5, min(n/5+1, n-1), n * 4 / 5}
		sorted := slices.Sorted(slices.Values(values))
		for i, got := range selectRanks(values, ranks) {
			if want := sorted[ranks[i]]; got != want {
				t.Fatalf("rank %d of %d: got %d, want %d", ranks[i], n, got, want)
			}
		}
	})
}

func TestPercentilesAreType7(t *testing.T) {
	// R: quantile(c(1,2,4,8,16,32), c(.2,.4,.6,.8), type = 7)
	got := quantileBreaks([]int64{32, 1, 2, 16, 4, 8})
	if diff := cmp.Diff(Breaks{2, 4, 8, 16}, got); diff != "" {
		t.Fatal(diff)
	}
	// R: quantile(c(10,20,30,50), c(.2,.4,.6,.8), type = 7)
	got = quantileBreaks([]int64{10, 20, 30, 50})
	if diff := cmp.Diff(Breaks{16, 22, 28, 38}, got); diff != "" {
		t.Fatal(diff)
	}
}

// bruteForce tries every way to cut sorted different values into at most five groups.
func bruteForce(values []int64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	cost := func(group []int64) float64 {
		mean, sum := 0.0, 0.0
		for _, v := range group {
			mean += float64(v) / float64(len(group))
		}
		for _, v := range group {
			sum += (float64(v) - mean) * (float64(v) - mean)
		}
		return sum
	}
	var best func(rest []int64, groups int) float64
	best = func(rest []int64, groups int) float64 {
		if len(rest) == 0 {
			return 0
		}
		if groups == 1 {
			return cost(rest)
		}
		least := math.Inf(1)
		for n := 1; n <= len(rest); n++ {
			least = min(least, cost(rest[:n])+best(rest[n:], groups-1))
		}
		return least
	}
	return best(sorted, 5)
}

func TestKMeansIsTheBestClustering(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, 60), 1, 11).Draw(t, "values")
		breaks := kmeansBreaks(values)
		groups := map[uint8][]int64{}
		for _, v := range values {
			s := breaks.Score(v)
			groups[s] = append(groups[s], v)
		}
		got := 0.0
		for _, g := range groups {
			mean := 0.0
			for _, v := range g {
				mean += float64(v) / float64(len(g))
			}
			for _, v := range g {
				got += (float64(v) - mean) * (float64(v) - mean)
			}
		}
		if want := bruteForce(values); math.Abs(got-want) > 1e-6 {
			t.Fatalf("%v cut at %v costs %g; the best costs %g", values, breaks, got, want)
		}
	})
}

func TestWinsorise(t *testing.T) {
	values := []int64{1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 1_000_000}
	winsorise(values, 1000)
	if diff := cmp.Diff([]int64{10, 10, 11, 12, 13, 14, 15, 16, 17, 18, 18}, values); diff != "" {
		t.Fatal(diff)
	}
}

func TestTenMillionPeopleAreCutInTime(t *testing.T) {
	if testing.Short() {
		t.Skip("ten million values")
	}
	random := rand.New(rand.NewPCG(7, 7))
	values := make([]int64, 10_000_000)
	for i := range values {
		values[i] = int64(math.Exp(random.NormFloat64()*1.2 + 10))
	}
	for name, find := range map[string]func([]int64) Breaks{"quantile": quantileBreaks, "kmeans": kmeansBreaks} {
		start := time.Now()
		breaks := find(values)
		took := time.Since(start)
		t.Logf("%s: %v in %v", name, breaks, took)
		if took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// Cuts and corner counts of the real orders of a gift shop, computed twice elsewhere with R (shared/data/README.md).
// Recency is the number of calendar days from the last order's date to 2011-12-10.
func TestOnlineRetailReference(t *testing.T) {
	file, err := os.Open("../../../../shared/data/online_retail.csv.gz")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the file of orders is not beside the project")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	type buyer struct {
		last     string
		invoices map[string]bool
		fen      int64
	}
	buyers := map[string]*buyer{}
	rows := csv.NewReader(unzipped)
	rows.ReuseRecord = true
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		amount, err := money.Times(row[5], row[3])
		price, _ := strconv.ParseFloat(row[5], 64)
		if err != nil || row[6] == "" || strings.HasPrefix(row[0], "C") || strings.HasPrefix(row[3], "-") || price <= 0 {
			continue
		}
		b := buyers[row[6]]
		if b == nil {
			b = &buyer{invoices: map[string]bool{}}
			buyers[strings.Clone(row[6])] = b
		}
		b.last = max(b.last, strings.Clone(row[4][:10]))
		b.invoices[strings.Clone(row[0])] = true
		b.fen += amount
	}
	if len(buyers) != 4338 {
		t.Fatalf("%d buyers", len(buyers))
	}
	snapshot := time.Date(2011, 12, 10, 0, 0, 0, 0, time.UTC)
	var recency, frequency, monetary []int64
	for _, b := range buyers {
		last, err := time.Parse(time.DateOnly, b.last)
		if err != nil {
			t.Fatal(err)
		}
		recency = append(recency, int64(snapshot.Sub(last)/(24*time.Hour)))
		frequency = append(frequency, int64(len(b.invoices)))
		monetary = append(monetary, b.fen)
	}
	cuts := Cuts{quantileBreaks(recency), quantileBreaks(frequency), quantileBreaks(monetary)}
	want := Cuts{Breaks{13.8, 33, 72, 180}, Breaks{1, 2, 3, 6}, Breaks{25019.4, 49009.6, 94227.6, 205842.6}}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1 })
	if diff := cmp.Diff(want, cuts, near); diff != "" {
		t.Fatal(diff)
	}
	var best, worst int
	for i := range recency {
		r, f, m := cuts.Scores(int32(recency[i]), int32(frequency[i]), monetary[i])
		switch [3]uint8{r, f, m} {
		case [3]uint8{5, 5, 5}:
			best++
		case [3]uint8{1, 1, 1}:
			worst++
		}
	}
	if best < 322 || best > 326 || worst < 328 || worst > 332 {
		t.Errorf("%d are 555 and %d are 111; want 324 and 330, two either way", best, worst)
	}
}

// Scales and breaks score alike, and quintiles of winsorised values are those of the values that winsorise makes.
func TestScalesScoreAsBreaks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(-1000, 100_000), 1, 300).Draw(rt, "values")
		if rapid.Bool().Draw(rt, "few") {
			for i := range values {
				values[i] %= 7
			}
		}
		points := rapid.Int64Range(0, 2000).Draw(rt, "basis points")
		got := winsorisedQuantiles(values, points)
		pulled := slices.Clone(values)
		winsorise(pulled, points)
		if want := quantileBreaks(pulled); got != want {
			rt.Fatal(got, want)
		}
		s, exact := got.scale()
		if !exact {
			rt.Fatal("breaks of small values make an exact scale")
		}
		for _, v := range values {
			for _, v := range []int64{v - 1, v, v + 1, math.MaxInt64, math.MinInt64} {
				if s.score(v) != got.Score(v) {
					rt.Fatal(got, v, s.score(v), got.Score(v))
				}
			}
		}
	})
}

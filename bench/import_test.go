package bench

import "testing"

// TestImportReadsWhatDuckDBReads runs the benchmark small: both count the same lines, and nothing is taken twice.
func TestImportReadsWhatDuckDBReads(t *testing.T) {
	r, err := Import(t.Context(), ImportSpec{Lines: 5000, Dir: t.TempDir()}, t.Logf)
	if err != nil || r.Lines != 5000 || r.Accepted != 5000 {
		t.Errorf("%+v, %v", r, err)
	}
}

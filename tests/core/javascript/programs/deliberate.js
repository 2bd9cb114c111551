// Ends itself on purpose, with no error in sight.
'use strict';

(function stops() {
  process.abort();
})();

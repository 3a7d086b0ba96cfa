import { createRoot } from 'react-dom/client';

const root = document.getElementById('raiz');
if (root) createRoot(root).render(<h1>oi</h1>);
